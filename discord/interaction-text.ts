/** A person's action in an interaction: the command with its options, the button, the form. */
import { firstText, list, object, objects, scalar, text, type Fields } from './fields.js';

const AUTOCOMPLETE = '4';
const SUBCOMMANDS = new Set(['1', '2']);
/** No command of Discord nests deeper. A limit, so that no payload exhausts the stack. */
const DEEPEST = 4;

/**
 * Such as `/rank set member=123 reason=spring`, `button join`, `select pick-roles = 1, 2`, `form
 * feedback: text=hi`.
 */
export function interactionText(interaction: Fields): string {
  // Flat events of some ingestors have the command's name beside the type.
  const inner = object(interaction, 'data');
  const data = Object.keys(inner).length === 0 ? interaction : inner;
  const customId = text(data, 'custom_id');
  if (customId !== null) return componentText(data, customId);
  const name = text(data, 'name');
  if (name === null) return `interaction ${firstText(interaction, 'kind', 'id') ?? ''}`.trim();
  const target = text(data, 'target_id');
  if (target !== null) return `${name} → ${nameOfTarget(data, target)}`;
  const command = ['/' + name, ...optionsText(data, DEEPEST)].join(' ');
  return text(interaction, 'type') === AUTOCOMPLETE ? `${command} (typing)` : command;
}

function componentText(data: Fields, customId: string): string {
  const values = list(data, 'values')
    .map(scalar)
    .filter((value) => value !== null);
  if (values.length > 0) return `select ${customId} = ${values.join(', ')}`;
  const inputs = inputsText(data, DEEPEST);
  if (inputs.length > 0) return `form ${customId}: ${inputs.join(' ')}`;
  return `button ${customId}`;
}

function optionsText(command: Fields, depth: number): string[] {
  if (depth === 0) return [];
  return objects(command, 'options').flatMap((option) => {
    const name = text(option, 'name') ?? '?';
    if (SUBCOMMANDS.has(text(option, 'type') ?? ''))
      return [name, ...optionsText(option, depth - 1)];
    const typing = text(option, 'focused') === 'true' ? '…' : '';
    return [`${name}=${text(option, 'value') ?? ''}${typing}`];
  });
}

/** A form's inputs are in rows or in labels. */
function inputsText(component: Fields, depth: number): string[] {
  if (depth === 0) return [];
  const inner = [...objects(component, 'components'), object(component, 'component')];
  return inner.flatMap((one) => {
    const [id, value] = [text(one, 'custom_id'), text(one, 'value')];
    return id === null ? inputsText(one, depth - 1) : [`${id}=${value ?? ''}`];
  });
}

/** A user's name, if the interaction contains the user. */
function nameOfTarget(data: Fields, target: string): string {
  const user = object(object(object(data, 'resolved'), 'users'), target);
  return firstText(user, 'global_name', 'username') ?? target;
}
