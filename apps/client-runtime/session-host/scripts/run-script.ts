// SPDX-License-Identifier: Apache-2.0
//
// Runs a script of a package on the host, in a sandbox by bubblewrap: no network, no process of the host in sight, no file of the user,
// no capability, an environment that is all given, and of the file system what distributions install, read-only. It may write 16 MiB
// below /tmp, which are gone with it.
import { spawn } from 'node:child_process'
import { Writable } from 'node:stream'
import { findProgram, programFolders } from '@casemate/engine/qemu-installation'

/** PO-20. */
export const mostOutputBytes = 4096
const scratchBytes = 16 * 1024 ** 2
/** setrlimit(2): address space and files in bytes, open files. */
const limits = [`--as=${512 * 1024 ** 2}`, `--fsize=${scratchBytes}`, '--nofile=64', '--core=0']
const installed = ['/usr/share', '/usr/lib', '/usr/lib64', '/usr/bin', '/usr/sbin', '/etc/ld.so.cache', '/etc/os-release', '/etc/alternatives']
/** Descriptor that the script's text is read from. */
const textFd = 3

export interface ScriptRun {
  readonly text: string
  /** All that it gets, beside PATH. */
  readonly environment: Readonly<Record<string, string>>
  readonly seconds: number
  readonly signal?: AbortSignal
}

/** `exit`: null where it was killed by a signal; `late`: killed since its time was over. */
export interface ScriptEnd {
  readonly exit: number | null
  readonly late: boolean
  /** What it printed, both streams as they came, at most 4096 bytes; characters that are not printed are `?`. */
  readonly output: string
}

/** Whether this host can keep a script apart, found out by running one. */
export async function canRunScripts(): Promise<boolean> {
  const tried = await runScript({ text: '#!/bin/sh\nexit 7\n', environment: {}, seconds: 10 }).catch(() => null)
  return tried?.exit === 7
}

/** Waits until it and all that it started are gone. @throws EngineError `containment-missing`; Error where it does not start; the reason of the signal */
export async function runScript({ text, environment, seconds, signal }: ScriptRun): Promise<ScriptEnd> {
  const prlimit = await findProgram(programFolders, 'prlimit', 'containment-missing')
  const bubblewrap = await findProgram(programFolders, 'bwrap', 'containment-missing')
  signal?.throwIfAborted()
  const child = spawn(prlimit, [...limits, '--', bubblewrap, ...sandbox(environment)], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env: {} })
  const ended = Promise.withResolvers<{ readonly code: number | null }>()
  child.on('error', ended.reject)
  child.on('close', (code) => ended.resolve({ code }))
  let heard = Buffer.alloc(0)
  for (const stream of [child.stdout, child.stderr]) {
    // What is too much is read all the same, so that the script does not wait for a reader.
    stream?.on('data', (bytes: Buffer) => {
      heard = Buffer.concat([heard, bytes.subarray(0, mostOutputBytes - heard.length)])
    })
  }
  const given = child.stdio[textFd]
  if (given instanceof Writable) {
    given.on('error', () => undefined)
    given.end(text)
  }
  let late = false
  const over = setTimeout(() => {
    late = true
    child.kill('SIGKILL')
  }, seconds * 1000)
  const stop = () => void child.kill('SIGKILL')
  signal?.addEventListener('abort', stop)
  try {
    const { code } = await ended.promise
    signal?.throwIfAborted()
    return { exit: late ? null : code, late, output: printable(heard) }
  } finally {
    clearTimeout(over)
    signal?.removeEventListener('abort', stop)
  }
}

/** Arguments of bwrap(1). */
function sandbox(environment: Readonly<Record<string, string>>): readonly string[] {
  return [
    ...['--unshare-all', '--unshare-user', '--die-with-parent', '--new-session', '--clearenv'],
    ...['--uid', '65534', '--gid', '65534', '--cap-drop', 'ALL', '--hostname', 'host'],
    ...installed.flatMap((path) => ['--ro-bind-try', path, path]),
    ...['bin', 'sbin', 'lib', 'lib64'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]),
    ...['--proc', '/proc', '--dev', '/dev', '--size', String(scratchBytes), '--tmpfs', '/tmp'],
    ...['--perms', '0555', '--ro-bind-data', String(textFd), '/script'],
    ...Object.entries({ PATH: '/usr/bin:/usr/sbin', ...environment }).flatMap(([name, value]) => ['--setenv', name, value]),
    ...['--remount-ro', '/', '--chdir', '/tmp', '--', '/script'],
  ]
}

function printable(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll(/[^\P{C}\n\t]/gu, '?')
}
