/**
 * Installs node-llama-cpp with this platform's CPU binary alone (85 MB): by itself npm would add the CUDA and Vulkan
 * ones, which are more than a gigabyte. So every optional package is left out, and the one wanted is named to npm at
 * the version the lock file gives. Run by `npm run test:real`.
 */
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { installOnce, isInstalledIn } from './install-once.ts';

const FOLDER = dirname(fileURLToPath(import.meta.url));

const BINARIES: Record<string, string> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'linux-arm': 'linux-armv7l',
  'darwin-arm64': 'mac-arm64-metal',
  'darwin-x64': 'mac-x64',
  'win32-x64': 'win-x64',
  'win32-arm64': 'win-arm64',
};

export const isInstalled = (): boolean => isInstalledIn(FOLDER);

export const install = (): Promise<void> =>
  installOnce({
    folder: FOLDER,
    programs: (locked) => {
      const platform = `${process.platform}-${process.arch}`;
      const binary = BINARIES[platform];
      if (binary === undefined) throw new Error(`node-llama-cpp has no prebuilt binary for ${platform}`);
      return [`@node-llama-cpp/${binary}@${locked['node_modules/node-llama-cpp']?.version}`];
    },
  });

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await install();
