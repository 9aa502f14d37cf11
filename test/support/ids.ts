/** Numbered ids: the same number gives the same id. */
import type { GuildId } from '../../domain/guild.js';
import type { SandboxId } from '../../domain/names.js';

export const guild = (n: number): GuildId =>
  String(100_000_000_000_000_000n + BigInt(n)) as GuildId;
export const sandbox = (n: number): SandboxId => `sb${String(n).padStart(10, '0')}` as SandboxId;
