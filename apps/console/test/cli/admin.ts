// SPDX-License-Identifier: Apache-2.0
//
// Runs casemate-admin as a process, on files in a folder of its own.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { sealSecret } from '../../src/organisation/new-keys.ts'
import { leastPassphraseCost } from '../passphrase-cost.ts'

const passphrase = 'correct horse battery staple'
export const main = join(import.meta.dirname, '../../cli/main.ts')

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Workplace {
  readonly folder: string
  /** Path in the folder. */
  readonly at: (...names: string[]) => string
}

export async function makeWorkplace(): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), 'casemate-admin-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const at = (...names: string[]) => join(folder, ...names)
  await writeFile(at('passphrase'), `${passphrase}\n`)
  await writeFile(at('machine.yaml'), machineYaml)
  await writeFile(at('system.img'), Buffer.concat([randomBytes(300_000), Buffer.alloc(1_797_152), randomBytes(512)]))
  await writeFile(at('user.img'), Buffer.alloc(65_536, 'user '))
  return { folder, at }
}

export const machineYaml = `# a small machine
firmware: bios
chipset: i440fx
cpus: 1
memoryMiB: 256
video: std
network: {model: e1000}
disks:
  system: {controller: ide}
  user: {controller: virtio}
`

/** @param interruptAt sends one SIGINT once standard error contains this. */
export function admin(args: readonly string[], interruptAt?: string): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  let interrupted = false
  child.stdout.on('data', (bytes: Buffer) => {
    stdout += bytes.toString()
  })
  child.stderr.on('data', (bytes: Buffer) => {
    stderr += bytes.toString()
    if (interruptAt === undefined || interrupted || !stderr.includes(interruptAt)) return
    interrupted = child.kill('SIGINT')
  })
  child.on('close', (code) => resolve({ code, stdout, stderr }))
  return promise
}

/** The key file of an organisation as `keygen` makes it, but for what it costs to open. */
export async function makeKey({ at }: Workplace): Promise<void> {
  await writeFile(at('org.key'), await sealSecret({ kind: 'chunk-key', secret: randomBytes(32) }, passphrase, leastPassphraseCost))
}

/** Arguments of a seal that works. */
export function sealArguments({ at }: Workplace): string[] {
  return [
    ...['seal', '--name', 'accounting', '--version', '1.0.0', '--machine', at('machine.yaml')],
    ...['--disk', `system=${at('system.img')}`, '--disk', `user=${at('user.img')}:user`],
    ...['--store', at('store'), '--org-key', at('org.key'), '--passphrase-file', at('passphrase'), '--out', at('out')],
  ]
}
