// SPDX-License-Identifier: Apache-2.0
//
// A first version of a system image into an empty store: time, bytes and memory of `casemate-admin seal` against restic and borg (both
// encrypted, borg with zstd-3), casync, and the limit of seal-limit.ts. The image is read once before, so that no one pays for the disk.
import { constants } from 'node:fs'
import { copyFile, mkdtemp, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { BACKUP_TOOLS, type BackupTool, removeStore, sizeOf } from './backup-tools.ts'
import { type Figures, inTurn } from './median.ts'
import { runProgram } from './run-program.ts'
import { systemImage } from './system-image.ts'

const rounds = 5

export async function run(): Promise<Figures> {
  const image = await systemImage()
  const folder = await mkdtemp(join(image, '../seal-'))
  const bytes = new Map<string, number>()
  let peak = 0
  const first = (tool: BackupTool, from: string) => async () => {
    const store = join(folder, tool.name)
    await tool.create(store)
    const before = await sizeOf(store)
    const { seconds, peakMemoryMb } = await tool.keep(store, from, 1)
    if (tool.name === 'casemate') peak = Math.max(peak, peakMemoryMb)
    if (from === image) bytes.set(tool.name, (await sizeOf(store)) - before)
    await removeStore(store)
    return seconds
  }
  try {
    const tools = Object.fromEntries(BACKUP_TOOLS.map((tool) => [tool.name, first(tool, image)]))
    const limit = async () => (await runProgram(process.execPath, [join(import.meta.dirname, 'seal-limit.ts'), image])).seconds
    await limit()
    const seconds = await inTurn(rounds, { ...tools, limit })

    const sparse = join(folder, 'sparse.img')
    await copyFile(image, sparse, constants.COPYFILE_FICLONE)
    await truncate(sparse, 20 * 2 ** 30)
    const sparseSeconds = await first(BACKUP_TOOLS[0] as BackupTool, sparse)()

    const of = (values: Readonly<Record<string, number | undefined>>, name: string) => values[name] ?? Number.NaN
    const sizes = Object.fromEntries(bytes)
    const ours = of(seconds, 'casemate')
    const smallest = Math.min(...['restic', 'borg', 'casync'].map((name) => of(sizes, name)))
    return {
      medians: {
        ...Object.fromEntries(Object.entries(seconds).map(([name, value]) => [`${name}_seconds`, value])),
        ...Object.fromEntries(Object.entries(sizes).map(([name, value]) => [`${name}_mb`, value / 1e6])),
        sparse_20_gib_seconds: sparseSeconds,
      },
      ratios: {
        speedup_vs_restic: of(seconds, 'restic') / ours,
        speedup_vs_borg: of(seconds, 'borg') / ours,
        speedup_vs_casync: of(seconds, 'casync') / ours,
        fraction_of_limit: of(seconds, 'limit') / ours,
        size_vs_smallest_peer: of(sizes, 'casemate') / smallest,
        peak_memory_mb: peak,
      },
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
