// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { childCommandLine } from './command-line.ts'

const command = childCommandLine({ node: '/opt/node', entry: '/app/child.ts', reads: ['/app', '/firmware/bios.bin'] })

describe('the command line of the child', () => {
  it('makes namespaces first, then gives up rights, then starts node with the permission model', () => {
    expect(command).toEqual([
      ...['unshare', '--user', '--net', '--ipc', '--uts', '--'],
      ...['setpriv', '--no-new-privs', '--pdeathsig', 'KILL', '--'],
      ...[
        '/opt/node',
        '--permission',
        '--allow-fs-read=/app',
        '--allow-fs-read=/firmware/bios.bin',
        '--disable-warning=ExperimentalWarning',
        '/app/child.ts',
      ],
    ])
  })

  it('never allows what the permission model denies, but the reads named', () => {
    const allowed = command.filter((word) => word.startsWith('--allow'))
    expect(allowed).toEqual(['--allow-fs-read=/app', '--allow-fs-read=/firmware/bios.bin'])
  })
})
