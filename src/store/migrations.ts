import type Database from 'libsql';

/**
 * How the file came to be as it is, step by step. A step that was once released is never changed: what is to be
 * different is another step. The file counts the steps that were taken (`user_version`).
 */
const STEPS: readonly string[] = [
  `CREATE TABLE rooms (
     sid TEXT PRIMARY KEY,
     account_sid TEXT NOT NULL,
     unique_name TEXT NOT NULL,
     status TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     data TEXT NOT NULL
   ) STRICT;
   CREATE INDEX rooms_by_time ON rooms (account_sid, status, created_at, sid);
   CREATE INDEX rooms_by_name ON rooms (account_sid, unique_name, status, created_at, sid);
   CREATE INDEX rooms_in_progress ON rooms (created_at, sid) WHERE status = 'in-progress';

   CREATE TABLE participants (
     sid TEXT PRIMARY KEY,
     room_sid TEXT NOT NULL REFERENCES rooms (sid) ON DELETE CASCADE,
     identity TEXT NOT NULL,
     status TEXT NOT NULL,
     started_at INTEGER NOT NULL,
     data TEXT NOT NULL
   ) STRICT;
   CREATE INDEX participants_by_time ON participants (room_sid, started_at, sid);

   CREATE TABLE tracks (
     sid TEXT PRIMARY KEY,
     room_sid TEXT NOT NULL REFERENCES rooms (sid) ON DELETE CASCADE,
     data TEXT NOT NULL
   ) STRICT;
   CREATE INDEX tracks_by_room ON tracks (room_sid);

   CREATE TABLE transcriptions (
     ttid TEXT PRIMARY KEY,
     room_sid TEXT NOT NULL REFERENCES rooms (sid) ON DELETE CASCADE,
     created_at INTEGER NOT NULL,
     data TEXT NOT NULL
   ) STRICT;
   CREATE INDEX transcriptions_by_room ON transcriptions (room_sid, created_at);

   CREATE TABLE api_keys (sid TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT;
   CREATE TABLE account_settings (account_sid TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT;
   CREATE TABLE media_settings (
     account_sid TEXT NOT NULL,
     kind TEXT NOT NULL,
     data TEXT NOT NULL,
     PRIMARY KEY (account_sid, kind)
   ) STRICT;

   CREATE TABLE callbacks (
     position INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     data TEXT NOT NULL
   ) STRICT;

   CREATE TABLE notes (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;`,
];

/**
 * Brings a file up to date, each step whole or not at all.
 * @throws Error for a file of a later version of this server
 */
export function migrate(database: Database.Database): void {
  const { user_version: taken } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (taken > STEPS.length) throw new Error(`it was written by a later version (${taken} > ${STEPS.length})`);
  for (const [index, step] of STEPS.entries()) {
    if (index < taken) continue;
    database.exec(`BEGIN IMMEDIATE; ${step} PRAGMA user_version = ${index + 1}; COMMIT;`);
  }
}
