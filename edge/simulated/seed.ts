/** The guilds and the application that a simulated Discord begins with. */
import { snowflakeAt } from '../../discord/snowflake.js';
import type { World } from './world/world.js';

export interface Seed {
  readonly applications: readonly {
    readonly name: string;
    readonly id?: string;
    /** The privileged intents that are switched on; all by default. */
    readonly privilegedIntents?: number;
    /** By the names of guilds; all by default. */
    readonly guilds?: readonly string[];
  }[];
  readonly guilds: readonly {
    readonly name: string;
    readonly id?: string;
    readonly channels?: readonly { readonly name: string; readonly id?: string }[];
    /** Persons beside the owner. */
    readonly members?: readonly string[];
  }[];
}

const FIRST_DAY = Date.UTC(2026, 0, 1);
const fixedId = (n: number): string => snowflakeAt(FIRST_DAY + n);

/** Its ids never change, so a guild in a sandbox's list is the same after a restart. */
export const STANDARD_SEED: Seed = {
  applications: [{ name: 'sandbox-bot', id: fixedId(1) }],
  guilds: [
    {
      ...{ name: 'Simulated Lab', id: fixedId(10), members: ['Ada', 'Grace'] },
      channels: [
        { name: 'general', id: fixedId(11) },
        { name: 'bot-commands', id: fixedId(12) },
      ],
    },
    {
      ...{ name: 'Simulated Shop', id: fixedId(20), members: ['Alan'] },
      channels: [{ name: 'general', id: fixedId(21) }],
    },
  ],
};

export function sow(world: World, { applications, guilds }: Seed): void {
  for (const { name, id, channels, members = [] } of guilds) {
    const guild = world.addGuild({ name, id, channels });
    for (const person of members) guild.addMember(world.addUser(person), world.instant());
  }
  for (const { guilds: names, ...given } of applications) {
    const application = world.addApplication(given);
    for (const guild of world.guilds.values()) {
      if (names?.includes(guild.name) ?? true) world.install(application, guild);
    }
  }
}
