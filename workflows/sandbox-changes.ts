/** Changes of a running sandbox: guilds, expiry, reset. One at a time, in the order of arrival. */
import type { Command } from '../domain/command.js';
import type { ExtendResult } from '../domain/sandbox.js';
import { failureOf, toApplicationFailure, unlessItEnds } from './failures.js';
import { Mutex } from './mutex.js';
import { resetResources } from './sandbox-reset.js';
import type { SandboxMachine } from './sandbox-machine.js';
import { SettledOperation, type Change } from './settled-operation.js';
import { activityBesideTimers, localRetried, localThrice, untilDoneSoon } from './steps.js';

/** Longer than the attempts may take. Nearer to the expiry, its timer may fire meanwhile. */
const NEAR_MS = 20_000;

export class SandboxChanges {
  /** An extension is being written: until then the sandbox does not end at its earlier expiry. */
  isExtending = false;
  private readonly mutex = new Mutex();
  private readonly operation: SettledOperation;

  constructor(
    private readonly sandbox: SandboxMachine,
    private readonly publish: () => void,
  ) {
    this.operation = new SettledOperation(sandbox);
  }

  /** True if no change continues without its caller. */
  get areSettled(): boolean {
    return this.operation.isSettled;
  }

  /** @throws SANDBOX_003, _007, _009 */
  register(command: Command<'registerGuild'>): Promise<void> {
    const { sandbox } = this;
    const { guildId } = command.args;
    const summary = `register guild ${guildId}`;
    return this.inTurn(async () => {
      // A guild of an earlier registration stays.
      const promised = sandbox.guildIds.includes(guildId);
      const steps = this.isNear() ? activityBesideTimers : localRetried;
      await this.change({
        what: promised ? summary : `take guild ${guildId} back`,
        attempt: () => steps.registerGuild.executeWithOptions({ summary }, [command]),
        settle: async (failure) => {
          const what = `take guild ${guildId} back`;
          if (!promised)
            await untilDoneSoon.takeGuildBack.executeWithOptions({ summary: what }, [command]);
          throw toApplicationFailure(failureOf(failure, summary));
        },
      });
      sandbox.addGuild(guildId);
      this.publish();
    });
  }

  /** @throws SANDBOX_007, _009 */
  unregister(command: Command<'unregisterGuild'>): Promise<void> {
    const { sandbox } = this;
    const { guildId } = command.args;
    const summary = `unregister guild ${guildId}`;
    const done = (): void => {
      sandbox.removeGuild(guildId);
      if (!sandbox.isEnding()) this.publish();
    };
    return this.inTurn(async () => {
      const steps = this.isNear() ? activityBesideTimers : localRetried;
      await this.change({
        what: summary,
        attempt: async () => {
          await steps.unregisterGuild.executeWithOptions({ summary }, [command]);
          done();
        },
        settle: async () => {
          await untilDoneSoon.unregisterGuild.executeWithOptions({ summary }, [command]);
          done();
        },
      });
    });
  }

  /** @throws SANDBOX_007, _008 past the maximum, _009 */
  extend(command: Command<'extend'>): Promise<ExtendResult> {
    const { sandbox } = this;
    const summary = `extend by ${command.actor.name}`;
    const apply = (outcome: ExtendResult): ExtendResult => {
      sandbox.extended(outcome, Date.now());
      if (!sandbox.isEnding()) this.publish();
      return outcome;
    };
    return this.inTurn(async () => {
      const steps = this.isNear() ? activityBesideTimers : localThrice;
      this.isExtending = true;
      return this.change({
        what: summary,
        attempt: () =>
          steps.extend
            .executeWithOptions({ summary }, [command])
            .finally(() => {
              this.isExtending = false;
            })
            .then(apply),
        settle: () => untilDoneSoon.extend.executeWithOptions({ summary }, [command]).then(apply),
      });
    });
  }

  /**
   * Once it begins it is completed, or the sandbox ends: half a reset is worse than none. @throws
   * SANDBOX_007, _009
   */
  reset(command: Command<'reset'>): Promise<void> {
    const { sandbox } = this;
    const summary = `reset by ${command.actor.name}`;
    const finish = async (): Promise<void> => {
      sandbox.resetting = true;
      await resetResources(sandbox);
      sandbox.resetting = false;
    };
    return this.inTurn(() =>
      this.change({
        what: summary,
        attempt: () =>
          activityBesideTimers.beginReset.executeWithOptions({ summary }, [command]).then(finish),
        settle: () =>
          untilDoneSoon.beginReset.executeWithOptions({ summary }, [command]).then(finish),
      }),
    );
  }

  /** Completes changes that an earlier run left unfinished. */
  finishReset(): void {
    const { sandbox } = this;
    this.inTurn(async () => {
      await unlessItEnds(sandbox, 'reset', () => resetResources(sandbox));
      sandbox.resetting = false;
    }).catch(() => undefined);
  }

  private change<T>({ what, attempt, settle }: Change<T>): Promise<T> {
    const { sandbox } = this;
    return this.operation.run({
      what,
      attempt: () => unlessItEnds(sandbox, 'change', attempt),
      settle: (failure) => unlessItEnds(sandbox, 'change', () => settle(failure)),
    });
  }

  private isNear(): boolean {
    return this.sandbox.expiresAt - Date.now() < NEAR_MS;
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    await this.operation.awaitEarlier();
    const release = await this.mutex.acquire();
    try {
      const refusal = this.sandbox.refusal();
      if (refusal !== null) throw toApplicationFailure(refusal);
      return await work();
    } catch (error) {
      throw toApplicationFailure(failureOf(error, 'update'));
    } finally {
      void this.operation.settled().then(release);
    }
  }
}
