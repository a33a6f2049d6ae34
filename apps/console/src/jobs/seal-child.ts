// SPDX-License-Identifier: Apache-2.0
//
// Seals in a process of its own, so that the console goes on answering. The request comes on standard input, keys and all, since command
// lines and environments can be read by others; lines of JSON go out: notes, progress, at the end the sealed package.
import { text } from 'node:stream/consumers'
import { diskController, hardware } from '@casemate/vm-package/hardware'
import { newPackageKey, wrapPackageKey } from '@casemate/vm-package/keys'
import { diskName, manifestSha256, parseManifest, validity } from '@casemate/vm-package/manifest'
import { sealPackage } from '@casemate/vm-package/seal'
import { openFolderStore } from '@casemate/vm-package/store'
import { z } from 'zod'
import { bootWords } from '../packages/boot-end.ts'
import { enginesToTry, recordOnFirst } from '../packages/boot-engines.ts'
import { quietOrLimit, recordBoot } from '../packages/record-boot.ts'
import { Pace } from './pace.ts'

const request = z.strictObject({
  ...{ name: z.string(), version: z.string(), createdAt: z.string(), hardware, store: z.string(), organisationKey: z.base64() },
  ...{ validity, customization: z.base64().nullable() },
  recordBoot: z
    .strictObject({ seconds: z.number(), quietSeconds: z.number(), engine: z.enum(['auto', 'qemu', 'v86']), warmState: z.boolean() })
    .nullable(),
  disks: z.array(z.strictObject({ name: diskName, role: z.enum(['system', 'user']), controller: diskController, path: z.string() })),
})

const tellEveryMs = 200

const { store, organisationKey, customization, recordBoot: boot, ...wanted } = request.parse(JSON.parse(await text(process.stdin)))
const orgKey = new Uint8Array(Buffer.from(organisationKey, 'base64'))
const packageKey = newPackageKey()
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`)
// From the first progress on: what is opened before says nothing of how fast the rest goes.
let pace: Pace | null = null
let told = 0
/** Bytes that a recorded boot added to the store. */
let booted = 0
/** The console is being stopped: a boot that is recorded must not outlive it. */
const ending = new AbortController()
process.on('SIGTERM', () => ending.abort())
try {
  const sealed = await sealPackage({
    ...{ ...wanted, orgKey, packageKey, store: await openFolderStore(store) },
    ...(customization === null ? {} : { customization: Buffer.from(customization, 'base64') }),
    signal: ending.signal,
    onNote: ({ message }) => say({ note: message }),
    onProgress: ({ bytesRead: done, bytesTotal: total }) => {
      const now = performance.now()
      pace ??= new Pace({ at: now, done })
      pace.note({ at: now, done })
      if (now - told < tellEveryMs) return
      told = now
      say({ progress: { done, total, bytesPerSecond: pace.bytesPerSecond, secondsLeft: pace.secondsLeft(total) } })
    },
  })
  const { stats } = sealed
  const manifest = boot === null ? sealed.manifest : await bootOnce(boot, sealed, stats.bytesTotal)
  const sealedKey = Buffer.from(wrapPackageKey(orgKey, packageKey, manifestSha256(manifest))).toString('base64')
  say({ sealed: { manifest: manifest.toString('base64'), sealedKey, storedBytes: stats.storedBytes + booted, total: stats.bytesTotal } })
} catch (error) {
  // Of one that was told to stop, its end is enough.
  if (!ending.signal.aborted)
    say({ failed: error instanceof Error ? error.message + (error.cause instanceof Error ? `: ${error.cause.message}` : '') : String(error) })
  process.exitCode = 1
}

/** A boot that fails is told of, and costs the package nothing but its list. */
async function bootOnce(
  { seconds, quietSeconds, engine, warmState }: NonNullable<typeof boot>,
  { manifest, sha256 }: { readonly manifest: Buffer; readonly sha256: string },
  total: number,
): Promise<Buffer> {
  const { signal } = ending
  const telling = setInterval(() => say({ progress: { done: total, total, bytesPerSecond: null, secondsLeft: null } }), 1000)
  try {
    const sealed = { manifest: parseManifest(manifest), manifestBytes: manifest, sha256, packageKey }
    const limits = { limitSeconds: seconds, quietSeconds }
    const engines = enginesToTry(engine, sealed.manifest.hardware.memoryMiB, process.availableMemory())
    say({ note: `it is booted once, to record what it reads: until it has read nothing new for ${quietSeconds} s, and for at most ${seconds} s` })
    const onStored = (bytes: number) => {
      booted += bytes
    }
    const common = { ...sealed, store, warmState, until: quietOrLimit(limits), signal, onStored }
    const recorded = await recordOnFirst(engines, (one) => recordBoot({ ...common, engine: one }))
    say({ note: `its first boot was recorded: ${bootWords(recorded.boot, limits)}${warmState ? '; first starts on v86 go on from there' : ''}` })
    return recorded.manifest
  } catch (error) {
    signal.throwIfAborted()
    say({ note: `its first boot was not recorded: ${error instanceof Error ? error.message : String(error)}` })
    return manifest
  } finally {
    clearInterval(telling)
  }
}
