import Database from 'libsql';
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { assertNever } from '../assert-never.js';
import type { Clock } from '../clock.js';
import type {
  ParticipantRecord,
  PublishedTrackRecord,
  RoomRecord,
  TranscriptionRecord,
} from '../rooms/records.js';
import { migrate } from './migrations.js';
import type { ListOrder, Page, PageRequest } from './paging.js';
import type {
  AccountSettingsRecord,
  CallbackRecord,
  Change,
  InterruptedRoom,
  KeyRecord,
  MediaSettingsKind,
  MediaSettingsRecord,
  ParticipantFilter,
  RoomFilter,
  Store,
} from './Store.js';

const FILE = 'atrium.db';
const SIGN_OF_LIFE = 'sign-of-life';

type Value = string | number | null;
/** The conditions of a query, and their values in order. */
interface Conditions {
  sql: string[];
  values: Value[];
}
/** What a list is made of: a table, and the columns that order it. */
interface ListSource {
  table: string;
  time: string;
  order: ListOrder;
}

/**
 * Writes a row, or changes the one of the same key. Columns that never change stay out of the change: they may be
 * indexed.
 */
function upsert(table: string, columns: { key: string[]; fixed?: string[]; changing: string[] }): string {
  const { key, fixed = [], changing } = columns;
  const all = [...key, ...fixed, ...changing];
  return (
    `INSERT INTO ${table} (${all.join(', ')}) VALUES (${all.map(() => '?').join(', ')}) ` +
    `ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${changing.map((name) => `${name} = excluded.${name}`).join(', ')}`
  );
}

const KEEP_ROOM = upsert('rooms', {
  key: ['sid'],
  fixed: ['account_sid', 'unique_name', 'created_at'],
  changing: ['status', 'data'],
});
const KEEP_PARTICIPANT = upsert('participants', {
  key: ['sid'],
  fixed: ['room_sid', 'started_at'],
  changing: ['identity', 'status', 'data'],
});
const KEEP_TRACK = upsert('tracks', { key: ['sid'], fixed: ['room_sid'], changing: ['data'] });
const KEEP_TRANSCRIPTION = upsert('transcriptions', {
  key: ['ttid'],
  fixed: ['room_sid', 'created_at'],
  changing: ['data'],
});
const KEEP_KEY = upsert('api_keys', { key: ['sid'], changing: ['data'] });
const KEEP_ACCOUNT_SETTINGS = upsert('account_settings', { key: ['account_sid'], changing: ['data'] });
const KEEP_MEDIA_SETTINGS = upsert('media_settings', { key: ['account_sid', 'kind'], changing: ['data'] });
const KEEP_CALLBACK = upsert('callbacks', { key: ['id'], changing: ['data'] });
const KEEP_NOTE = upsert('notes', { key: ['name'], changing: ['value'] });

/** A data directory that cannot be used. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}

/**
 * Remembers in a SQLite file. Records are kept whole, as JSON, beside the columns by which they are found.
 * A write that has returned survives the end of the process, however it comes; after a loss of power the last
 * writes may be missing, and the file is whole (https://www.sqlite.org/pragma.html#pragma_synchronous, NORMAL in
 * WAL mode).
 */
export class SqliteStore implements Store {
  readonly #database: Database.Database;
  readonly #clock: Clock;
  readonly #statements = new Map<string, Database.Statement>();
  /** As it was found: what this process writes tells nothing of the last one. */
  readonly #lastSignOfLife: number | null;

  private constructor(database: Database.Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    const row = this.#prepared('SELECT value FROM notes WHERE name = ?').get(SIGN_OF_LIFE) as
      { value: number } | undefined;
    this.#lastSignOfLife = row?.value ?? null;
  }

  /**
   * Opens the file in a directory, or makes it, and brings it up to date.
   * @throws StoreError when it cannot be used, or another process uses it
   */
  static open(directory: string, clock: Clock): SqliteStore {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const file = join(directory, FILE);
      // It holds the secrets of API keys. SQLite makes the files beside it as this one is.
      closeSync(openSync(file, 'a', 0o600));
      chmodSync(file, 0o600);
      const database = new Database(file);
      // One process: two would know nothing of each other's rooms.
      database.exec('PRAGMA locking_mode = EXCLUSIVE');
      database.exec('PRAGMA journal_mode = WAL');
      database.exec('PRAGMA synchronous = NORMAL');
      database.exec('PRAGMA foreign_keys = ON');
      migrate(database);
      return new SqliteStore(database, clock);
    } catch (error) {
      const { message, code } = error as Error & { code?: string };
      const why = code === 'SQLITE_BUSY' ? 'another process uses it' : message;
      throw new StoreError(`The data directory ${directory} cannot be used: ${why}`);
    }
  }

  async write(changes: readonly Change[]): Promise<void> {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const change of changes) this.#apply(change);
      this.#keepSignOfLife(this.#clock.now());
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #apply(change: Change): void {
    switch (change.type) {
      case 'room':
        return this.#keepRoom(change.room);
      case 'participant':
        return this.#keepParticipant(change.participant);
      case 'track':
        return this.#run(KEEP_TRACK, change.track.sid, change.track.roomSid, JSON.stringify(change.track));
      case 'track-gone':
        return this.#run('DELETE FROM tracks WHERE sid = ?', change.sid);
      case 'transcription': {
        const { ttid, roomSid, createdAt } = change.transcription;
        return this.#run(KEEP_TRANSCRIPTION, ttid, roomSid, createdAt, JSON.stringify(change.transcription));
      }
      case 'key':
        return this.#run(KEEP_KEY, change.key.sid, JSON.stringify(change.key));
      case 'account-settings':
        return this.#run(KEEP_ACCOUNT_SETTINGS, change.accountSid, JSON.stringify(change.settings));
      case 'media-settings':
        return this.#run(
          KEEP_MEDIA_SETTINGS,
          change.accountSid,
          change.kind,
          JSON.stringify(change.settings),
        );
      case 'callback':
        return this.#run(KEEP_CALLBACK, change.callback.id, JSON.stringify(change.callback));
      case 'callback-settled':
        return this.#run('DELETE FROM callbacks WHERE id = ?', change.id);
      default:
        assertNever(change);
    }
  }

  #keepRoom(room: RoomRecord): void {
    this.#run(
      KEEP_ROOM,
      room.sid,
      room.accountSid,
      room.uniqueName,
      room.createdAt,
      room.status,
      JSON.stringify(room),
    );
  }

  #keepParticipant(participant: ParticipantRecord): void {
    this.#run(
      KEEP_PARTICIPANT,
      participant.sid,
      participant.roomSid,
      participant.startedAt,
      participant.identity,
      participant.status,
      JSON.stringify(participant),
    );
  }

  async findRoom(accountSid: string, sid: string): Promise<RoomRecord | undefined> {
    return this.#one('SELECT data FROM rooms WHERE sid = ? AND account_sid = ?', sid, accountSid);
  }

  async listRooms(accountSid: string, filter: RoomFilter, page: PageRequest): Promise<Page<RoomRecord>> {
    const conditions: Conditions = {
      sql: ['account_sid = ?', 'status = ?'],
      values: [accountSid, filter.status],
    };
    if (filter.uniqueName !== undefined) add(conditions, 'unique_name = ?', filter.uniqueName);
    addPeriod(conditions, 'created_at', filter);
    return this.#page({ table: 'rooms', time: 'created_at', order: 'newest-first' }, conditions, page);
  }

  async findParticipant(roomSid: string, sid: string): Promise<ParticipantRecord | undefined> {
    return this.#one('SELECT data FROM participants WHERE sid = ? AND room_sid = ?', sid, roomSid);
  }

  async listParticipants(
    roomSid: string,
    filter: ParticipantFilter,
    page: PageRequest,
  ): Promise<Page<ParticipantRecord>> {
    const conditions: Conditions = { sql: ['room_sid = ?'], values: [roomSid] };
    if (filter.status !== undefined) add(conditions, 'status = ?', filter.status);
    if (filter.identity !== undefined) add(conditions, 'identity = ?', filter.identity);
    addPeriod(conditions, 'started_at', filter);
    return this.#page({ table: 'participants', time: 'started_at', order: 'oldest-first' }, conditions, page);
  }

  async listTranscriptions(roomSid: string): Promise<readonly TranscriptionRecord[]> {
    return this.#all('SELECT data FROM transcriptions WHERE room_sid = ? ORDER BY created_at, ttid', roomSid);
  }

  async keys(): Promise<readonly KeyRecord[]> {
    return this.#all('SELECT data FROM api_keys ORDER BY sid');
  }

  async accountSettings(): Promise<ReadonlyMap<string, AccountSettingsRecord>> {
    const rows = this.#prepared('SELECT account_sid, data FROM account_settings').all() as {
      account_sid: string;
      data: string;
    }[];
    return new Map(
      rows.map(({ account_sid, data }) => [account_sid, JSON.parse(data) as AccountSettingsRecord]),
    );
  }

  async mediaSettings(accountSid: string, kind: MediaSettingsKind): Promise<MediaSettingsRecord | undefined> {
    return this.#one('SELECT data FROM media_settings WHERE account_sid = ? AND kind = ?', accountSid, kind);
  }

  async callbacks(): Promise<readonly CallbackRecord[]> {
    return this.#all('SELECT data FROM callbacks ORDER BY position');
  }

  async interruptedRooms(): Promise<readonly InterruptedRoom[]> {
    const rooms = this.#all<RoomRecord>(
      "SELECT data FROM rooms WHERE status = 'in-progress' ORDER BY created_at, sid",
    );
    return rooms.map((room) => ({
      room,
      participants: this.#all<ParticipantRecord>(
        'SELECT data FROM participants WHERE room_sid = ? ORDER BY started_at, sid',
        room.sid,
      ),
      tracks: this.#all<PublishedTrackRecord>(
        'SELECT data FROM tracks WHERE room_sid = ? ORDER BY sid',
        room.sid,
      ),
    }));
  }

  async signOfLife(at: number): Promise<void> {
    this.#keepSignOfLife(at);
  }

  #keepSignOfLife(at: number): void {
    this.#run(KEEP_NOTE, SIGN_OF_LIFE, at);
  }

  async lastSignOfLife(): Promise<number | null> {
    return this.#lastSignOfLife;
  }

  async close(): Promise<void> {
    this.#statements.clear();
    // The library holds the file until its statements are collected: the lock is given back by hand. Out of WAL mode,
    // one file remains.
    this.#database.exec('PRAGMA journal_mode = DELETE');
    this.#database.exec('PRAGMA locking_mode = NORMAL');
    this.#database.prepare('SELECT value FROM notes').all();
    this.#database.close();
  }

  // --- SQL

  #prepared(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }

  #run(sql: string, ...values: Value[]): void {
    this.#prepared(sql).run(...values);
  }

  // What is read was written here: its form is known.
  #one<T>(sql: string, ...values: Value[]): T | undefined {
    const row = this.#prepared(sql).get(...values) as { data: string } | undefined;
    return row && (JSON.parse(row.data) as T);
  }

  #all<T>(sql: string, ...values: Value[]): T[] {
    const rows = this.#prepared(sql).all(...values) as { data: string }[];
    return rows.map(({ data }) => JSON.parse(data) as T);
  }

  #page<T>({ table, time, order }: ListSource, conditions: Conditions, request: PageRequest): Page<T> {
    const { limit, after, before, offset = 0 } = request;
    const forwards = order === 'newest-first' ? 'DESC' : 'ASC';
    const backwards = order === 'newest-first' ? 'ASC' : 'DESC';
    const [beyond, ahead] = order === 'newest-first' ? ['<', '>'] : ['>', '<'];
    const where = conditions.sql.join(' AND ');
    const select = (extra: string, values: Value[], direction: string, tail: string): T[] =>
      this.#all(
        `SELECT data FROM ${table} WHERE ${where}${extra} ORDER BY ${time} ${direction}, sid ${direction} ${tail}`,
        ...conditions.values,
        ...values,
      );
    const exists = (comparison: string, cursor: { createdAt: number; sid: string }): boolean =>
      select(` AND (${time}, sid) ${comparison} (?, ?)`, [cursor.createdAt, cursor.sid], forwards, 'LIMIT 1')
        .length > 0;

    if (before) {
      const cursor = [before.createdAt, before.sid];
      const found = select(` AND (${time}, sid) ${ahead} (?, ?)`, cursor, backwards, `LIMIT ${limit + 1}`);
      const items = found.slice(0, limit).reverse();
      const hasNext = exists(`${beyond}=`, before);
      return { items, hasPrevious: found.length > limit && items.length > 0, hasNext };
    }
    if (after) {
      const cursor = [after.createdAt, after.sid];
      const found = select(` AND (${time}, sid) ${beyond} (?, ?)`, cursor, forwards, `LIMIT ${limit + 1}`);
      const hasPrevious = exists(`${ahead}=`, after);
      return { items: found.slice(0, limit), hasPrevious, hasNext: found.length > limit };
    }
    const found = select('', [], forwards, `LIMIT ${limit + 1} OFFSET ${offset}`);
    return {
      items: found.slice(0, limit),
      hasPrevious: offset > 0 && select('', [], forwards, 'LIMIT 1').length > 0,
      hasNext: found.length > limit,
    };
  }
}

function add({ sql, values }: Conditions, condition: string, value: Value): void {
  sql.push(condition);
  values.push(value);
}

function addPeriod(
  conditions: Conditions,
  column: string,
  { createdFrom, createdBefore }: { createdFrom?: number; createdBefore?: number },
): void {
  if (createdFrom !== undefined) add(conditions, `${column} >= ?`, createdFrom);
  if (createdBefore !== undefined) add(conditions, `${column} < ?`, createdBefore);
}
