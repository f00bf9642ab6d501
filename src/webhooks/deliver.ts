import type { Clock } from '../clock.js';
import type { CallbackRecord } from '../store/Store.js';
import type { DeliveryAttempt } from './DeliveryLog.js';
import { DeliveryFailure, failureOfStatus } from './failures.js';
import { signatureOf } from './signature.js';
import type { Target } from './target.js';
import type { OutgoingRequest, Transport } from './transport.js';

/** Milliseconds between the first attempt and the second; then twice as long each time. */
const FIRST_PAUSE = 100;

/** What a delivery needs of the house. */
export interface DeliverySurroundings {
  transport: Transport;
  /** Real time: a receiver's patience does not follow the rooms' clock. */
  clock: Clock;
  /** Ends it, whatever it is at. */
  signal: AbortSignal;
  onAttempt: (attempt: DeliveryAttempt) => void;
}

/**
 * Makes attempts to deliver a callback, as many and as long as its target's connection options allow.
 * @returns null when it has arrived, else why the last attempt failed
 */
export async function deliver(
  callback: CallbackRecord,
  target: Target,
  authToken: string,
  { transport, clock, signal, onAttempt }: DeliverySurroundings,
): Promise<DeliveryFailure | null> {
  const request = requestOf(callback, target, authToken);
  const { totalTimeout, retryCount, retryOn } = target.connection;
  const overtime = new AbortController();
  const timer = clock.after(totalTimeout, () => overtime.abort());
  const end = AbortSignal.any([signal, overtime.signal]);
  try {
    for (let retries = 0; ; retries++) {
      const startedAt = clock.now();
      const { status, failure } = await attempt(transport, request, end);
      const duration = Math.max(0, clock.now() - startedAt);
      const error = failure && { code: failure.code, message: failure.message };
      onAttempt({ startedAt, duration, status, error });
      if (!failure) return null;
      const isRetried = failure.retriedOn !== null && retryOn.includes(failure.retriedOn);
      if (!isRetried || retries >= retryCount) return failure;
      await pause(clock, FIRST_PAUSE * 2 ** retries, end);
      if (end.aborted) return failure;
    }
  } finally {
    timer.cancel();
  }
}

/** The request that brings a callback to its receiver. */
export function requestOf(
  { id, method, parameters }: CallbackRecord,
  target: Target,
  authToken: string,
): OutgoingRequest {
  const { origin, authorization, connection } = target;
  const form = new URLSearchParams(parameters).toString();
  const path = method === 'GET' ? withQuery(target.path, form) : target.path;
  const signature = signatureOf(authToken, origin + path, method === 'GET' ? {} : parameters);
  return {
    origin,
    path,
    method,
    headers: {
      Accept: '*/*',
      'User-Agent': 'TwilioProxy/1.1',
      'X-Twilio-Signature': signature,
      'I-Twilio-Idempotency-Token': id,
      ...(authorization !== null && { Authorization: authorization }),
      ...(method === 'POST' && { 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' }),
    },
    body: method === 'GET' ? null : form,
    connectTimeout: connection.connectTimeout,
    readTimeout: connection.readTimeout,
    serverName: connection.serverName,
  };
}

/** Puts parameters behind those that a URL has already. */
function withQuery(path: string, form: string): string {
  const joint = !path.includes('?') ? '?' : /[?&]$/.test(path) ? '' : '&';
  // A plus is a space in a form only; in a query, not everyone reads it so.
  return path + joint + form.replaceAll('+', '%20');
}

async function attempt(
  transport: Transport,
  request: OutgoingRequest,
  signal: AbortSignal,
): Promise<{ status: number | null; failure: DeliveryFailure | null }> {
  try {
    const status = await transport(request, signal);
    return { status, failure: failureOfStatus(status) };
  } catch (error) {
    if (error instanceof DeliveryFailure) return { status: null, failure: error };
    throw error;
  }
}

/** Waits, or until the signal. */
function pause(clock: Clock, duration: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(duration, end);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
