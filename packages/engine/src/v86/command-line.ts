// SPDX-License-Identifier: Apache-2.0

export interface ContainedProgram {
  readonly node: string
  readonly entry: string
  /** Files and folders it may read. */
  readonly reads: readonly string[]
  /** What it is told at its start. */
  readonly args?: readonly string[]
}

/**
 * Namespaces of its own (util-linux unshare: no network but unix sockets, no identity), no way to more rights, and the end with its
 * parent. Node's permission model does the rest: no file but the named ones, no write, no process, no worker, no addon.
 */
export const containment: readonly string[] = [
  ...['unshare', '--user', '--net', '--ipc', '--uts', '--'],
  ...['setpriv', '--no-new-privs', '--pdeathsig', 'KILL', '--'],
]

export function childCommandLine(program: ContainedProgram): readonly string[] {
  const reads = program.reads.map((path) => `--allow-fs-read=${path}`)
  return [...containment, program.node, '--permission', ...reads, '--disable-warning=ExperimentalWarning', program.entry, ...(program.args ?? [])]
}
