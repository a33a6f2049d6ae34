// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { type Box, bubblewrapArguments, systemFolders } from './containment.ts'

const box: Box = {
  bubblewrap: '/usr/bin/bwrap',
  program: '/usr/bin/qemu-system-x86_64',
  systemFolders,
  readOnly: [{ host: '/run/session/nbd.sock', inside: '/vm/nbd0.sock' }],
  writable: [{ host: '/run/session/vm', inside: '/vm/run' }],
  devices: ['/dev/kvm'],
  memoryFiles: [
    { inside: '/vm/key0', bytes: Buffer.from('secret-key'), writable: false },
    { inside: '/vm/key1', bytes: Buffer.from('secret-key'), writable: true },
  ],
}

describe('the containment', () => {
  it('is as test/golden/bubblewrap.txt says', async () => {
    await expect(`${bubblewrapArguments(box, 5).join('\n')}\n`).toMatchFileSnapshot('../../test/golden/bubblewrap.txt')
  })

  it('never binds a whole tree of the host, shares a namespace or names a secret', () => {
    const args = bubblewrapArguments(box, 5)
    const line = args.join('\n')
    expect(line).not.toMatch(/--share-net|--bind\n\/\n|--ro-bind\n\/\n|\n\/(home|root|tmp|run|var|proc|sys)\n|secret-key|--setenv/)
    for (const always of ['--unshare-all', '--unshare-user', '--die-with-parent', '--new-session', '--clearenv']) expect(args).toContain(always)
  })
})
