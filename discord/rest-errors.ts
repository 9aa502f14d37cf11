/**
 * Refusals in the shape of Discord's REST API: `{message, code}`, for an invalid body also `errors`.
 * Source: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
 */

/** HTTP status, JSON code, message. */
const REFUSALS = {
  badRequest: [400, 0, '400: Bad Request'],
  unauthorized: [401, 0, '401: Unauthorized'],
  notFound: [404, 0, '404: Not Found'],
  methodNotAllowed: [405, 0, '405: Method Not Allowed'],
  internal: [500, 0, '500: Internal Server Error'],
  unknownApplication: [404, 10_002, 'Unknown Application'],
  unknownChannel: [404, 10_003, 'Unknown Channel'],
  unknownGuild: [404, 10_004, 'Unknown Guild'],
  unknownMember: [404, 10_007, 'Unknown Member'],
  unknownMessage: [404, 10_008, 'Unknown Message'],
  unknownRole: [404, 10_011, 'Unknown Role'],
  unknownUser: [404, 10_013, 'Unknown User'],
  unknownEmoji: [400, 10_014, 'Unknown Emoji'],
  unknownWebhook: [404, 10_015, 'Unknown Webhook'],
  unknownBan: [404, 10_026, 'Unknown Ban'],
  unknownInteraction: [404, 10_062, 'Unknown interaction'],
  unknownCommand: [404, 10_063, 'Unknown application command'],
  unknownCommandPermissions: [404, 10_066, 'Unknown application command permissions'],
  notYourApplication: [
    403,
    20_012,
    'You are not authorized to perform this action on this application',
  ],
  tooManyWebhooks: [400, 30_007, 'Maximum number of webhooks reached (15)'],
  tooManyCommands: [400, 30_032, 'Maximum number of application commands reached (100)'],
  tooLarge: [413, 40_005, 'Request entity too large'],
  alreadyAcknowledged: [400, 40_060, 'Interaction has already been acknowledged.'],
  missingAccess: [403, 50_001, 'Missing Access'],
  directChannel: [403, 50_003, 'Cannot execute action on a DM channel'],
  cannotEditOthers: [403, 50_005, 'Cannot edit a message authored by another user'],
  emptyMessage: [400, 50_006, 'Cannot send an empty message'],
  cannotSendToUser: [403, 50_007, 'Cannot send messages to this user'],
  missingPermissions: [403, 50_013, 'Missing Permissions'],
  bulkDeleteCount: [400, 50_016, 'You can only bulk delete between 2 and 100 messages.'],
  wrongChannelType: [400, 50_024, 'Cannot execute action on this channel type'],
  invalidWebhookToken: [401, 50_027, 'Invalid Webhook Token'],
  invalidForm: [400, 50_035, 'Invalid Form Body'],
  invalidVersion: [400, 50_041, 'Invalid API version'],
  invalidJson: [400, 50_109, 'The request body contains invalid JSON.'],
} as const;

export type RefusalName = keyof typeof REFUSALS;

/** A refusal that a REST route throws. */
export class DiscordError extends Error {
  override readonly name = 'DiscordError';

  constructor(
    readonly status: number,
    readonly code: number,
    message: string,
    readonly errors?: FormErrors,
  ) {
    super(message);
  }

  /** The answer's body. */
  get body(): object {
    const { message, code, errors } = this;
    return errors === undefined ? { message, code } : { message, code, errors };
  }
}

export interface FormErrors {
  [field: string]: FormErrors | readonly { readonly code: string; readonly message: string }[];
}

export function refusal(name: RefusalName): DiscordError {
  const [status, code, message] = REFUSALS[name];
  return new DiscordError(status, code, message);
}

/** @param path the field's place in the body, such as `['embeds', '0', 'title']` */
export function invalidForm(path: readonly string[], code: string, message: string): DiscordError {
  const [status, number, text] = REFUSALS.invalidForm;
  let errors: FormErrors = { _errors: [{ code, message }] };
  for (const name of path.toReversed()) errors = { [name]: errors };
  return new DiscordError(status, number, text, errors);
}
