// SPDX-License-Identifier: Apache-2.0
//
// A second version of a system into the store of the first: (a) packages installed in place, (b) the same packages, made from nothing.
// Bytes that are new in the store against restic, borg, casync and chunks of fixed 256 KiB; and how much faster ours is than a first seal,
// which depends on how much is new: hence also the seconds of ours for a version that is as the one before.
import { createHash } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { constants, zstdCompressSync } from 'node:zlib'
import { BACKUP_TOOLS, removeStore, sizeOf } from './backup-tools.ts'
import { type Figures, inTurn, median } from './median.ts'
import { rebuiltImage, systemImage, updatedImage } from './system-image.ts'

const rounds = 5
const fixedBytes = 262_144

export async function run(): Promise<Figures> {
  const image = await systemImage()
  const versions = { inplace: await updatedImage(), rebuilt: await rebuiltImage() }
  const folder = await mkdtemp(join(image, '../delta-'))
  const medians: Record<string, number> = {}
  const firstSeconds: number[] = []
  const unchangedSeconds: number[] = []
  try {
    for (const [kind, next] of Object.entries(versions)) {
      const acts = BACKUP_TOOLS.map((tool) => async () => {
        const store = join(folder, tool.name)
        await tool.create(store)
        const { seconds } = await tool.keep(store, image, 1)
        if (tool.name === 'casemate') firstSeconds.push(seconds)
        const before = await sizeOf(store)
        const again = await tool.keep(store, next, 2)
        medians[`${kind}_${tool.name}_new_mb`] = ((await sizeOf(store)) - before) / 1e6
        if (tool.name === 'casemate') unchangedSeconds.push((await tool.keep(store, next, 3)).seconds)
        await removeStore(store)
        return again.seconds
      })
      const seconds = await inTurn(
        rounds,
        Object.fromEntries(BACKUP_TOOLS.map(({ name }, at) => [`${kind}_${name}_seconds`, acts[at] as () => Promise<number>])),
      )
      Object.assign(medians, seconds)
      medians[`${kind}_fixed_new_mb`] = (await fixedNewBytes(image, next)) / 1e6
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  medians.first_casemate_seconds = median(firstSeconds)
  medians.unchanged_casemate_seconds = median(unchangedSeconds)
  const of = (key: string) => medians[key] ?? Number.NaN
  const againstBest = (kind: string) =>
    of(`${kind}_casemate_new_mb`) / Math.min(...['restic', 'borg', 'casync', 'fixed'].map((peer) => of(`${kind}_${peer}_new_mb`)))
  return {
    medians,
    ratios: {
      inplace_new_bytes_vs_best_peer: againstBest('inplace'),
      rebuilt_new_bytes_vs_best_peer: againstBest('rebuilt'),
      reseal_speedup_vs_first: of('first_casemate_seconds') / of('inplace_casemate_seconds'),
    },
  }
}

/** What chunks of a fixed length would store anew, each through zstd-3. */
async function fixedNewBytes(image: string, next: string): Promise<number> {
  const known = new Set<string>()
  for await (const chunk of fixedChunks(image)) known.add(digest(chunk))
  let bytes = 0
  for await (const chunk of fixedChunks(next)) {
    const name = digest(chunk)
    if (known.has(name)) continue
    known.add(name)
    bytes += zstdCompressSync(chunk, { params: { [constants.ZSTD_c_compressionLevel]: 3 } }).length
  }
  return bytes
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

async function* fixedChunks(path: string): AsyncGenerator<Uint8Array> {
  await using file = await open(path)
  for (let at = 0; ; at += fixedBytes) {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(fixedBytes), 0, fixedBytes, at)
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}
