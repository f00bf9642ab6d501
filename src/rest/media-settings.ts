import type { FastifyInstance, FastifyRequest } from 'fastify';
import { twilioError } from '../errors.js';
import { isSid } from '../sid.js';
import type { MediaSettingsKind, MediaSettingsRecord } from '../store/Store.js';
import type { Form } from './Form.js';
import { formOf } from './requests.js';
import { resource } from './resources.js';
import type { RestContext } from './RestFace.js';

/**
 * Where an account wants its recordings and compositions kept:
 * https://www.twilio.com/docs/video/api/recordings-settings and …/composition-settings.
 */
export function mediaSettingsRoutes(app: FastifyInstance, context: RestContext): void {
  settingsOf(app, context, 'RecordingSettings', 'recording');
  settingsOf(app, context, 'CompositionSettings', 'composition');
}

function settingsOf(
  app: FastifyInstance,
  { directory, writes, baseUrl }: RestContext,
  name: string,
  kind: MediaSettingsKind,
): void {
  const path = `/${name}/Default`;
  const shape = (request: FastifyRequest, settings: MediaSettingsRecord | undefined): object => ({
    account_sid: request.account.sid,
    friendly_name: settings?.friendlyName ?? null,
    aws_credentials_sid: settings?.awsCredentialsSid ?? null,
    aws_s3_url: settings?.awsS3Url ?? null,
    aws_storage_enabled: settings?.awsStorageEnabled ?? false,
    encryption_key_sid: settings?.encryptionKeySid ?? null,
    encryption_enabled: settings?.encryptionEnabled ?? false,
    url: `${baseUrl(request)}/v1${path}`,
  });
  resource(app, path, {
    GET: async (request) => shape(request, await directory.mediaSettings(request.account.sid, kind)),
    POST: (request) => {
      const settings = parseSettings(formOf(request));
      writes.put({ type: 'media-settings', accountSid: request.account.sid, kind, settings });
      return shape(request, settings);
    },
  });
}

/** @throws TwilioError 20001 that names the parameter */
function parseSettings(form: Form): MediaSettingsRecord {
  const friendlyName = form.text('FriendlyName');
  if (friendlyName === undefined) throw twilioError(20001, 'FriendlyName');
  return {
    friendlyName,
    awsCredentialsSid: credentialIn(form, 'AwsCredentialsSid'),
    awsS3Url: form.url('AwsS3Url', 20001) ?? null,
    awsStorageEnabled: form.boolean('AwsStorageEnabled') ?? false,
    encryptionKeySid: credentialIn(form, 'EncryptionKeySid'),
    encryptionEnabled: form.boolean('EncryptionEnabled') ?? false,
  };
}

function credentialIn(form: Form, name: string): string | null {
  const sid = form.text(name);
  if (sid === undefined) return null;
  if (!isSid('CR', sid)) throw twilioError(20001, name);
  return sid;
}
