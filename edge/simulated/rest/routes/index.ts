/** All routes of simulated Discord. */
import { Routes } from '../router.js';
import { addChannelRoutes } from './channels.js';
import { addCommandRoutes } from './commands.js';
import { addGuildRoutes } from './guilds.js';
import { addInteractionRoutes } from './interactions.js';
import { addMemberRoutes } from './members.js';
import { addMessageRoutes } from './messages.js';
import { addReactionRoutes } from './reactions.js';
import { addSelfRoutes } from './self.js';
import { addWebhookRoutes } from './webhooks.js';

export function allRoutes(): Routes {
  const routes = new Routes();
  addSelfRoutes(routes);
  addGuildRoutes(routes);
  addMemberRoutes(routes);
  addChannelRoutes(routes);
  addMessageRoutes(routes);
  addReactionRoutes(routes);
  addCommandRoutes(routes);
  addInteractionRoutes(routes);
  addWebhookRoutes(routes);
  return routes;
}
