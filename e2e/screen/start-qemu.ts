// SPDX-License-Identifier: Apache-2.0
//
// A bare QEMU for tests of the screen: no engine of ours in between, display on a unix socket, gone when disposed.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setInterval as every } from 'node:timers/promises'
import { RfbClient } from './rfb-client.ts'

export interface BareQemu extends AsyncDisposable {
  readonly screen: RfbClient
  /** Presses the ACPI power button. */
  pressPowerButton(): void
  /** Resolves with the exit code when the machine has powered off. */
  readonly ended: Promise<number | null>
}

async function connect(socket: string, ended: Promise<number | null>): Promise<RfbClient> {
  let code: number | null | undefined
  void ended.then((exit) => {
    code = exit
  })
  for await (const _ of every(20)) {
    if (code !== undefined) throw new Error(`QEMU ended with ${code} before it listened`)
    const client = await RfbClient.overUnixSocket(socket).catch((error: Error) => error)
    if (client instanceof RfbClient) return client
  }
  throw new Error('unreachable: the interval has no end')
}

/** Starts a PC of 128 MiB under emulation, without default devices but for what `args` add. */
export async function startQemu(args: readonly string[] = []): Promise<BareQemu> {
  const folder = await mkdtemp(join(tmpdir(), 'screen-'))
  const socket = join(folder, 'vnc')
  const machine = [
    '-nodefaults',
    '-machine',
    'pc',
    '-accel',
    'tcg',
    '-m',
    '128',
    '-vga',
    'std',
    '-display',
    'none',
    '-monitor',
    'stdio',
    '-vnc',
    `unix:${socket}`,
  ]
  const child = spawn('qemu-system-i386', [...machine, ...args], { stdio: ['pipe', 'ignore', 'inherit'] })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('exit', resolve)
    child.once('error', reject)
  })
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await once(child, 'exit')
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const screen = await connect(socket, ended)
    return {
      screen,
      ended,
      pressPowerButton: () => child.stdin.write('system_powerdown\n'),
      [Symbol.asyncDispose]: async () => {
        screen.close()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}
