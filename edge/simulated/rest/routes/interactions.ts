/** The callback of an interaction, by its token and without a bot token. */
import { isEphemeral } from '../../world/messages.js';
import { FLAG } from '../../world/shapes.js';
import { isTrue, NO_CONTENT, param, type Call } from '../call.js';
import type { Routes } from '../router.js';

export function addInteractionRoutes(routes: Routes): void {
  routes.open('POST', '/interactions/:interaction/*token/callback', answer);
}

function answer(call: Call): unknown {
  const [id, token] = [param(call, 'interaction'), param(call, 'token')];
  const { interaction, type, message } = call.interactions.answer(
    ...([id, token, call.body, call.files] as const),
  );
  if (!isTrue(call, 'with_response')) return NO_CONTENT;
  const ofMessage =
    message === null
      ? {}
      : {
          response_message_id: message.id,
          response_message_loading: (message.flags & FLAG.loading) !== 0,
          response_message_ephemeral: isEphemeral(message),
        };
  return {
    interaction: { id: interaction.id, type: interaction.type, ...ofMessage },
    resource: { type, ...(message === null ? {} : { message }) },
  };
}
