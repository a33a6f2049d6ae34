// SPDX-License-Identifier: Apache-2.0
//
// The TPM 2.0 of one machine: an swtpm in a box of its own, which sees its state folder and a key in memory. State on disk is encrypted and
// authenticated under that key. QEMU speaks to it over one socket; the process goes with that connection, and with whoever started it.
// Source: swtpm(8) 0.7, qemu docs/specs/tpm.rst.
import { lstat, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { TpmStorage } from '../device-spec.ts'
import { EngineError } from '../error.ts'
import type { ProcessorLimit } from '../limits/processor-limit.ts'
import { type ContainedProcess, spawnContained } from './containment.ts'
import { emptyBox, type Installation } from './installation.ts'

const startMs = 20_000
const ownEndMs = 1000
const inBox = { state: '/vm/state', run: '/vm/run', key: '/vm/key' } as const

export interface RunningTpm {
  /** Where QEMU's box finds it on the host. */
  readonly socket: string
  readonly contained: ContainedProcess
  /** Once nobody is connected any more it ends by itself, what it holds on its disk; one that does not is killed. Removes its socket. */
  end(): Promise<void>
}

const programArguments: readonly string[] = [
  ...['socket', '--tpm2', '--tpmstate', `dir=${inBox.state},mode=0600`],
  ...['--ctrl', `type=unixio,path=${inBox.run}/tpm.sock,mode=0600`, '--terminate'],
  ...['--key', `file=${inBox.key},format=binary,mode=aes-256-cbc`, '--seccomp', 'action=kill'],
]

/** @throws EngineError `capability-missing` where swtpm is not installed; `tpm-failed` with its words. */
export async function startTpm(
  { folder, key }: TpmStorage,
  installation: Installation,
  runtimeFolder: string,
  limit: ProcessorLimit,
): Promise<RunningTpm> {
  if (installation.tpm === undefined) throw new EngineError('capability-missing', '`qemu` lacks `tpm`: `swtpm` is not installed')
  const run = join(runtimeFolder, 'tpm')
  await rm(run, { recursive: true, force: true })
  await mkdir(run, { recursive: true, mode: 0o700 })
  const socket = join(run, 'tpm.sock')
  const bytes = Buffer.from(key)
  const contained = spawnContained(
    {
      ...emptyBox(installation, installation.tpm),
      writable: [
        { host: folder, inside: inBox.state },
        { host: run, inside: inBox.run },
      ],
      memoryFiles: [{ inside: inBox.key, bytes, writable: false }],
      limit,
    },
    programArguments,
  )
  const end = async (): Promise<void> => {
    const killing = setTimeout(() => contained.process.kill('SIGKILL'), ownEndMs)
    await contained.closed
    clearTimeout(killing)
    await rm(run, { recursive: true, force: true })
  }
  try {
    await listening(socket, contained)
  } catch (error) {
    await end()
    throw error
  } finally {
    bytes.fill(0)
  }
  return { socket, contained, end }
}

async function listening(socket: string, contained: ContainedProcess): Promise<void> {
  let over = false
  void contained.closed.then(() => {
    over = true
  })
  for (const limit = performance.now() + startMs; ; await wait(10)) {
    const there = await lstat(socket).then(
      (found) => found.isSocket(),
      () => false,
    )
    if (there) return
    if (over || performance.now() > limit) throw new EngineError('tpm-failed', `\`swtpm\` does not listen: ${contained.lastWords()}`)
  }
}
