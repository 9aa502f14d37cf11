/** The parts of simulated Discord that routes and controls work with. */
import type { Gateway } from './gateway/gateway.js';
import type { Sessions } from './gateway/sessions.js';
import type { Commands } from './world/commands.js';
import type { Interactions } from './world/interactions.js';
import type { Messages } from './world/messages.js';
import type { Webhooks } from './world/webhooks.js';
import type { World } from './world/world.js';

export interface Services {
  readonly world: World;
  readonly messages: Messages;
  readonly commands: Commands;
  readonly interactions: Interactions;
  readonly webhooks: Webhooks;
  readonly sessions: Sessions;
  readonly gateway: Gateway;
  /** `ws://127.0.0.1:<port>` */
  readonly gatewayUrl: () => string;
}
