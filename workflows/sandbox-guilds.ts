/** A sandbox's guilds come and go: what a caller is told is what stands, also where a server died in between. */
import { condition, isCancellation, patched, setCurrentDetails } from '@temporalio/workflow';
import type { GuildId } from '../domain/guild.js';
import type { SandboxState } from './sandbox-state.js';
import { failureOf, isRefusal, quick, settling, toApplicationFailure, unsettled } from './steps.js';

/** How long a caller waits for certainty, beyond the quick attempts' 12 s; clients give up after 20 (control/lifecycle.ts). */
const CERTAINTY_WAIT = '5s';

/**
 * A failed activity may have changed the mapping all the same: Postgres commits, then dies before it answers. So a failed
 * registration is taken back, and a failed unregistration carried out, however long the servers are away. The caller waits
 * a while for that; after it he is told what is not certain yet. Meanwhile no other change of the guild is begun.
 */
export class GuildChanges {
  /** What goes on, by guild. */
  private readonly open = new Map<GuildId, string>();

  constructor(
    private readonly state: SandboxState,
    private readonly publish: () => void,
    /** Publishes behind the updates that are under way: what is written beside a local activity may replay in another order. */
    private readonly publishInTurn: () => void,
  ) {}

  get settled(): boolean {
    return this.open.size === 0;
  }

  async register(guildId: GuildId, actor: string): Promise<void> {
    const { state } = this;
    await this.free(guildId);
    const summary = `register guild ${guildId}`;
    const args = [state.input.sandboxId, guildId, actor] as const;
    const promised = state.guildIds.includes(guildId);
    try {
      await quick.registerGuild.executeWithOptions({ summary }, [...args]);
    } catch (error) {
      const refusal = toApplicationFailure(failureOf(error, summary));
      // One that was promised before stays.
      if (promised || this.isCertain(error)) throw refusal;
      const what = `take guild ${guildId} back`;
      await this.settle(guildId, what, error, () =>
        settling.unregisterGuild.executeWithOptions({ summary: what }, [...args]),
      );
      throw refusal;
    }
    state.addGuild(guildId);
    this.publish();
  }

  async unregister(guildId: GuildId, actor: string): Promise<void> {
    const { state } = this;
    await this.free(guildId);
    const summary = `unregister guild ${guildId}`;
    const args = [state.input.sandboxId, guildId, actor] as const;
    try {
      await quick.unregisterGuild.executeWithOptions({ summary }, [...args]);
    } catch (error) {
      if (this.isCertain(error)) throw error;
      await this.settle(guildId, summary, error, async () => {
        await settling.unregisterGuild.executeWithOptions({ summary }, [...args]);
        state.removeGuild(guildId);
        this.publishInTurn();
      });
      return;
    }
    state.removeGuild(guildId);
    this.publish();
  }

  /** A clean-up removes every guild of the sandbox by itself. */
  private isCertain(error: unknown): boolean {
    return (
      isCancellation(error) ||
      this.state.isEnding() ||
      isRefusal(error) ||
      !patched('guild-changes-are-settled')
    );
  }

  /** @throws SANDBOX_009 where an earlier change of this guild is still not certain */
  private async free(guildId: GuildId): Promise<void> {
    const what = this.open.get(guildId);
    if (what === undefined || (await this.over(guildId))) return;
    throw unsettled('guilds', `an earlier change is still under way: ${what}`);
  }

  /** @throws SANDBOX_009 where it is not done in time; it goes on */
  private async settle(
    guildId: GuildId,
    what: string,
    cause: unknown,
    work: () => Promise<void>,
  ): Promise<void> {
    const { message } = failureOf(cause, 'the change');
    this.open.set(guildId, what);
    this.show();
    const done = work().finally(() => {
      this.open.delete(guildId);
      this.show();
    });
    // Retried for ever: it ends otherwise only with the sandbox.
    done.catch(() => undefined);
    if (await this.over(guildId)) return;
    throw unsettled('guilds', `${message}; what goes on until it is done: ${what}`);
  }

  private over(guildId: GuildId): Promise<boolean> {
    return condition(() => !this.open.has(guildId) || this.state.isEnding(), CERTAINTY_WAIT);
  }

  /** The details are no command, and so in nobody's way. */
  private show(): void {
    const { state } = this;
    if (state.isEnding()) return;
    state.activity = this.settled
      ? null
      : `until it is done: ${[...this.open.values()].join('; ')}`;
    setCurrentDetails(state.details());
  }
}
