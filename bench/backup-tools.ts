// SPDX-License-Identifier: Apache-2.0
//
// The tools that people would keep disk images with instead, and ours, each behind the same two acts: a first version into an empty
// store, a further one into the same store.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Run, runProgram } from './run-program.ts'

export interface BackupTool {
  readonly name: string
  /** Makes an empty store in `folder`, which is not there yet. */
  readonly create: (folder: string) => Promise<void>
  readonly keep: (folder: string, image: string, version: number) => Promise<Run>
}

const CONSOLE_CLI = join(import.meta.dirname, '../apps/console/cli/main.ts')
const passphrase = randomBytes(16).toString('hex')

const restic: BackupTool = {
  name: 'restic',
  create: async (folder) => void (await runProgram('restic', ['init', '--quiet', '--repo', folder], { env: { RESTIC_PASSWORD: passphrase } })),
  keep: (folder, image) =>
    runProgram('restic', ['backup', '--quiet', '--no-cache', '--repo', folder, image], { env: { RESTIC_PASSWORD: passphrase } }),
}

const borgEnvironment = (folder: string) => ({
  BORG_PASSPHRASE: passphrase,
  BORG_BASE_DIR: `${folder}.base`,
  BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
})

const borg: BackupTool = {
  name: 'borg',
  create: async (folder) => {
    await mkdir(`${folder}.base`, { recursive: true })
    await runProgram('borg', ['init', '--encryption=repokey', folder], { env: borgEnvironment(folder) })
  },
  keep: (folder, image, version) => runProgram('borg', ['create', '-C', 'zstd,3', `${folder}::v${version}`, image], { env: borgEnvironment(folder) }),
}

/** Neither encrypts nor compresses better than its default. */
const casync: BackupTool = {
  name: 'casync',
  create: async (folder) => void (await mkdir(join(folder, 'store.castr'), { recursive: true })),
  keep: (folder, image, version) =>
    runProgram('casync', ['make', `--store=${join(folder, 'store.castr')}`, join(folder, `v${version}.caibx`), image]),
}

const MACHINE = `firmware: bios
chipset: i440fx
cpus: 1
memoryMiB: 512
video: std
network: {model: e1000}
disks:
  system: {controller: virtio}
`

const casemate: BackupTool = {
  name: 'casemate',
  create: async (folder) => {
    await mkdir(folder)
    await writeFile(join(folder, 'passphrase'), passphrase)
    await writeFile(join(folder, 'machine.yaml'), MACHINE)
    await runCasemate(['keygen', '--out', join(folder, 'org.key'), '--passphrase-file', join(folder, 'passphrase')])
  },
  keep: (folder, image, version) =>
    runCasemate([
      ...['seal', '--name', 'bench', '--version', String(version), '--machine', join(folder, 'machine.yaml')],
      ...['--disk', `system=${image}:system`, '--store', join(folder, 'store'), '--org-key', join(folder, 'org.key')],
      ...['--passphrase-file', join(folder, 'passphrase'), '--out', join(folder, `v${version}`), '--json'],
    ]),
}

function runCasemate(args: readonly string[]): Promise<Run> {
  return runProgram(process.execPath, ['--disable-warning=ExperimentalWarning', CONSOLE_CLI, ...args])
}

export const BACKUP_TOOLS: readonly BackupTool[] = [casemate, restic, borg, casync]

/** Bytes of all files below `folder`. */
export async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const sizes = entries.filter((entry) => entry.isFile()).map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

export async function removeStore(folder: string): Promise<void> {
  for (const path of [folder, `${folder}.base`]) await rm(path, { recursive: true, force: true })
}
