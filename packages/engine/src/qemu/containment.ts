// SPDX-License-Identifier: Apache-2.0
//
// Runs a program in namespaces of its own by bubblewrap: no network, no process of the host in sight, no environment, no capability, and of the file
// system only what is listed. It dies with its parent. Where bubblewrap is missing nothing runs: there is no way around this file.
// Started by root, the process keeps root's ownership of files on the host side of its user namespace: what is not bound is not reachable anyway.
import { type ChildProcess, spawn } from 'node:child_process'
import { Duplex } from 'node:stream'
import type { ProcessorLimit } from '../limits/processor-limit.ts'

export interface Bind {
  readonly host: string
  readonly inside: string
}

/** Handed over by an inherited descriptor and kept in memory inside; never an argument, never on a disk. */
export interface MemoryFile {
  readonly inside: string
  readonly bytes: Uint8Array
  readonly writable: boolean
}

export interface Box {
  readonly bubblewrap: string
  readonly program: string
  /** Absent ones are skipped: distributions differ in what they have. */
  readonly systemFolders: readonly string[]
  readonly readOnly: readonly Bind[]
  readonly writable: readonly Bind[]
  readonly devices: readonly string[]
  readonly memoryFiles: readonly MemoryFile[]
  /** Whether it sees itself, and what it starts, in `/proc`. */
  readonly processes?: true
  /** Of the VM that the program is part of; absent where it is part of none. */
  readonly limit?: ProcessorLimit | undefined
}

/** Shared libraries, QEMU's data and firmware, as Debian, Fedora, Arch and SUSE place them. */
export const systemFolders = ['/usr/lib', '/usr/lib64', '/usr/share/qemu', '/usr/share/seabios', '/etc/ld.so.cache'] as const

/** bubblewrap's own arguments; memory files are read from consecutive descriptors from `firstDescriptor` on. Source: bwrap(1). */
export function bubblewrapArguments(box: Box, firstDescriptor: number): string[] {
  return [
    ...['--unshare-all', '--unshare-user', '--die-with-parent', '--new-session', '--clearenv'],
    ...['--uid', '65534', '--gid', '65534', '--cap-drop', 'ALL', '--hostname', 'vm'],
    ...box.systemFolders.flatMap((folder) => ['--ro-bind-try', folder, folder]),
    ...['--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64'],
    ...['--ro-bind', box.program, box.program, '--dev', '/dev', ...(box.processes ? ['--proc', '/proc'] : [])],
    ...box.devices.flatMap((device) => ['--dev-bind', device, device]),
    ...box.readOnly.flatMap((bind) => ['--ro-bind', bind.host, bind.inside]),
    ...box.writable.flatMap((bind) => ['--bind', bind.host, bind.inside]),
    ...box.memoryFiles.flatMap((file, index) => [file.writable ? '--bind-data' : '--ro-bind-data', String(firstDescriptor + index), file.inside]),
    ...['--remount-ro', '/', '--chdir', '/', '--', box.program],
  ]
}

export interface ContainedProcess {
  readonly process: ChildProcess
  /** One connected socket pair a requested channel, at descriptors 3, 4, ... inside. */
  readonly channels: readonly Duplex[]
  /** The last bytes of standard error, as one printable string. */
  readonly lastWords: () => string
  /** Resolves once the program and all it started are gone: their ends of every pipe are closed. Never rejects. */
  readonly closed: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

const lastWordsLength = 2048

/** Starts `box.program` with `args`. Failure to start shows as `closed` with code null and the reason as last words. */
export function spawnContained(box: Box, args: readonly string[], channelCount = 0): ContainedProcess {
  const pipes = Array.from({ length: channelCount + box.memoryFiles.length }, () => 'pipe' as const)
  const command = [box.bubblewrap, ...bubblewrapArguments(box, 3 + channelCount), ...args]
  const [program = '', ...rest] = box.limit?.commandIn(command) ?? command
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'pipe', ...pipes],
    env: {},
  })
  let heard = ''
  const closed = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on('error', (error) => {
      heard += error.message
      resolve({ code: null, signal: null })
    })
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    heard = (heard + text).slice(-lastWordsLength)
  })
  const duplexes = child.stdio.slice(3).filter((stream) => stream instanceof Duplex)
  for (const duplex of duplexes) duplex.on('error', (error) => child.emit('channel-error', error))
  box.memoryFiles.forEach((file, index) => {
    duplexes[channelCount + index]?.resume().end(file.bytes)
  })
  return { process: child, channels: duplexes.slice(0, channelCount), closed, lastWords: () => printable(heard) }
}

/** Runs to the end with nothing on standard input. `output` holds standard output, cut at 1 MiB. The deadline kills. */
export async function runContained(
  box: Box,
  args: readonly string[],
  deadlineMs: number,
): Promise<{ code: number | null; output: string; lastWords: string }> {
  const run = spawnContained(box, args)
  let output = ''
  run.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
    if (output.length < 1 << 20) output += text
  })
  const timer = setTimeout(() => run.process.kill('SIGKILL'), deadlineMs)
  const { code } = await run.closed
  clearTimeout(timer)
  return { code, output, lastWords: run.lastWords() }
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').trim()
}
