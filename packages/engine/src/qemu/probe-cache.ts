// SPDX-License-Identifier: Apache-2.0
//
// Remembers a boot probe for one boot of the host and one build of QEMU. A cache that is missing, foreign or damaged costs a new probe, nothing else;
// it chooses an accelerator and never whether a VM is contained.
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { capabilityNames } from '../capabilities.ts'
import type { BootProbe } from './boot-probe.ts'
import type { Installation } from './installation.ts'

const remembered = z.strictObject({
  format: z.literal('casemate-qemu-probe-5'),
  host: z.string(),
  version: z.string(),
  accelerator: z.enum(['kvm', 'tcg']),
  capabilities: z.array(z.enum(capabilityNames)).readonly(),
})

/** The remembered probe, or `probe()`'s, which is remembered then. */
export async function cachedProbe(folder: string, installation: Installation, probe: () => Promise<BootProbe>): Promise<BootProbe> {
  const path = join(folder, 'qemu-probe.json')
  const host = await hostIdentity(installation)
  const former = await recall(path)
  if (former?.host === host) return { version: former.version, accelerator: former.accelerator, capabilities: former.capabilities }
  const fresh = await probe()
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const temporary = `${path}.${randomBytes(8).toString('hex')}.tmp`
  try {
    await writeFile(temporary, JSON.stringify({ format: 'casemate-qemu-probe-5', host, ...fresh } satisfies z.infer<typeof remembered>), {
      mode: 0o600,
      flush: true,
    })
    await rename(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
  return fresh
}

async function recall(path: string): Promise<z.infer<typeof remembered> | undefined> {
  try {
    return remembered.safeParse(JSON.parse(await readFile(path, 'utf8'))).data
  } catch (error) {
    // No JSON, or no file that could be read (system errors carry a code): the probe is made again and says what is wrong with the host.
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error)) return undefined
    throw error
  }
}

/** This boot of this host, and the very files that would run. */
async function hostIdentity(installation: Installation): Promise<string> {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
  const files = await Promise.all(
    [installation.qemu, installation.bubblewrap].map(async (path) => {
      const { size, mtimeMs } = await stat(path)
      return `${path} ${size} ${mtimeMs}`
    }),
  )
  return [boot, ...files].join('|')
}
