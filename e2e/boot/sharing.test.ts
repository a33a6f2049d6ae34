// SPDX-License-Identifier: Apache-2.0
//
// Folders of the host, a printer and `guestinfo.*`, as root of a guest finds them: what the policies give is there, and everything else is refused by its name,
// counted, and has a twin that succeeds.
import { mkdir, readdir, readFile, realpath, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { layoutOf } from '../../apps/client-runtime/layout.ts'
import { EventLog } from '../../apps/client-runtime/session-host/event-log.ts'
import { changeSetValue } from '../../apps/client-runtime/session-host/guest-info/set-values.ts'
import { noSharing } from '../../apps/client-runtime/session-host/in-force.ts'
import { GuestServices } from '../../apps/client-runtime/session-host/sharing/guest-services.ts'
import { addFolder, removeFolder } from '../../apps/client-runtime/session-host/sharing/shared-folders.ts'
import { type NetworkSwitch, startNetwork } from '../../packages/engine/src/network/switch.ts'
import { type BootedMachine, Machines } from './machine.ts'

const patient = { timeout: 60_000, interval: 100 }

describe('a guest without a network', () => {
  let machines: Machines
  let network: NetworkSwitch
  let services: GuestServices
  let machine: BootedMachine
  let root: string
  const events = new EventLog()
  const fixed = new Map([['device', 'desk-1']])
  const guestInfo = { toGuest: ['device', 'site', 'empty'], fromGuest: ['ready'], maxBytes: 64 }
  const at = (...names: string[]) => join(root, ...names)
  const layout = () => layoutOf(at('data'))
  /** What a command of the guest prints, errors too. */
  const tries = (command: string) => machine.sh(`{ ${command}; } 2>&1 </dev/null || true`, 100_000)
  const told = (type: string) => events.after(0).filter((event) => event.type === type)
  const refused = () => network.counters().refused['switch-address'] ?? 0
  const mount = (port = 5640) => tries(`mkdir -p /mnt/shared; mount -t 9p -o trans=tcp,port=${port},version=9p2000.L 10.0.2.2 /mnt/shared`)
  const settle = async () => (await services.reread()).map(({ state, code }) => code ?? state)

  beforeAll(async () => {
    machines = await Machines.ready()
    root = await realpath(await machines.folder())
    const card = { model: 'virtio' as const, mac: '52:54:00:ab:cd:ef', socket: at('net') }
    network = await startNetwork({ ...card, isolated: true, rules: { allow: [] }, kbitPerSecond: null, onEvent: () => undefined })
    const instance = layout().instance('demo-1')
    services = new GuestServices({ network, layout: layout(), instance, printed: at('printed'), runtimeFolder: at('run'), fixed, events })
    await mkdir(at('shared', 'below'), { recursive: true })
    await mkdir(instance.folder, { recursive: true })
    await writeFile(at('secret'), 'outside')
    await writeFile(at('shared', 'note'), 'inside')
    await symlink(at('secret'), at('shared', 'absolute'))
    await symlink('../secret', at('shared', 'relative'))
    await symlink('below', at('shared', 'within'))
    await writeFile(at('shared', 'below', 'deep'), 'deeper')
    machine = await machines.boot(await machines.spec('virtio', { network: card }))
    expect(await machine.lease()).toBe('10.0.2.15')
    await machine.sh('ip addr add 10.0.2.15/24 dev eth0; load folders')
  })
  afterAll(async () => {
    await services.close()
    await network.close()
    await machines.end()
  })

  it('prints into a folder of its user where the policies give it a printer, and not where they do not', async () => {
    const pdf = 'printf "%%PDF-1.4\\nbody of the document\\n%%%%EOF\\n"'
    const print = (what: string) => tries(`nc -w 60 10.0.2.2 9100 -e /bin/sh -c '${what}'`)
    const before = refused()
    expect(await print(pdf)).toContain('Connection refused')
    expect(refused() - before).toBe(1)
    await services.apply({ guestInfo, printer: true, folders: 'none' })
    await print(pdf)
    await vi.waitFor(() => expect(told('printed')).toHaveLength(1), patient)
    const [name = ''] = await readdir(at('printed'))
    expect(name).toMatch(/^\d{4}-\d\d-\d\dT.*\.pdf$/)
    expect(await readFile(at('printed', name), 'latin1')).toBe('%PDF-1.4\nbody of the document\n%%EOF\n')
    await print('echo plain text')
    await vi.waitFor(() => expect(told('print-refused').map(({ data }) => data.reason)).toEqual(['not-pdf']), patient)
    await print('printf "%%PDF-1.4 cut"')
    await vi.waitFor(() => expect(told('print-refused').map(({ data }) => data.reason)).toEqual(['not-pdf', 'incomplete']), patient)
    // Longer than all windows together.
    await print('printf "%%PDF-1.4\\n"; dd if=/dev/zero bs=1000 count=3000 2>/dev/null; printf "\\n%%%%EOF\\n"')
    await vi.waitFor(() => expect(told('printed').map(({ data }) => data.bytes)).toEqual([36, 3_000_016]), patient)
    await services.apply({ guestInfo, printer: false, folders: 'none' })
    expect(await print(pdf)).toContain('Connection refused')
    expect(await readdir(at('printed'))).toHaveLength(2)
  })

  it('asks and tells what the policies list by a line of `nc`, and nothing else', async () => {
    const ask = (...lines: readonly string[]) => tries(`printf '${lines.map((line) => `${line}\\n`).join('')}' | nc -w 60 10.0.2.2 5630`)
    const word = (text: string) => Buffer.from(text).toString('base64')
    await services.apply(noSharing)
    expect(await ask('GET device')).toContain('Connection refused')
    await changeSetValue(layout().instance('demo-1'), 'site', 'north')
    await services.apply({ printer: false, folders: 'none', guestInfo })
    expect(await ask('LIST', 'GET device', 'GET site', 'GET empty', 'GET user')).toBe(
      `OK device site\nOK ${word('desk-1')}\nOK ${word('north')}\nERR no-value\nERR not-listed`,
    )
    expect(await tries("printf 'GET site\\n' | nc -w 60 10.0.2.2 5630 | cut -d ' ' -f 2 | base64 -d")).toBe('north')
    expect(await ask(`SET ready ${word('yes')}`, `SET site ${word('south')}`, `SET ready ${word('x'.repeat(65))}`)).toBe(
      'OK\nERR not-listed\nERR too-large',
    )
    const { values } = await services.readGuestInfo()
    expect(values.map(({ name, by, shown }) => [name, by, shown])).toEqual([
      ['device', 'runtime', 'desk-1'],
      ['site', 'user', 'north'],
      ['ready', 'guest', 'yes'],
    ])
    expect(told('guest-info').map(({ data }) => data)).toEqual([{ name: 'ready', bytes: 3, again: false }])
    expect(told('guest-info-refused').map(({ data }) => data.code)).toEqual(['no-value', 'not-listed', 'too-large'])
    await services.apply(noSharing)
    expect(await ask('GET device')).toContain('Connection refused')
  })

  it('reads and writes a folder of its user, and only reads it where the policies or its user say so', async () => {
    await addFolder(layout().instance('demo-1'), at('shared'), false)
    expect(await settle()).toEqual(['not-shared'])
    expect(await mount()).toContain('Connection refused')
    await services.apply({ guestInfo, printer: false, folders: 'read-write' })
    expect(await settle()).toEqual(['read-write'])
    expect(await mount()).toBe('')
    expect(await tries('cat /mnt/shared/note /mnt/shared/within/deep')).toBe('insidedeeper')
    expect(
      await tries('echo changed >/mnt/shared/note; mkdir /mnt/shared/made; echo new >/mnt/shared/made/file; chmod 6755 /mnt/shared/made/file'),
    ).toBe('')
    expect(await readFile(at('shared', 'note'), 'utf8')).toBe('changed\n')
    const made = await stat(at('shared', 'made', 'file'))
    expect({ uid: made.uid, mode: made.mode & 0o7777 }).toEqual({ uid: process.getuid?.(), mode: 0o755 })
    const copy = 'dd if=/dev/urandom of=/run/large bs=100k count=20; dd if=/run/large of=/mnt/shared/large bs=100k'
    const same = '[ "$(md5sum </run/large)" = "$(md5sum </mnt/shared/large)" ] && echo same'
    expect(await tries(`{ ${copy}; } 2>/dev/null; ${same}`)).toBe('same')
    expect(await tries('mv /mnt/shared/large /mnt/shared/made; ls /mnt/shared/made; rm -r /mnt/shared/made; ls /mnt/shared')).toBe(
      'file\nlarge\nabsolute\nbelow\nnote\nrelative\nwithin',
    )
  })

  it('is led by no link, device or hard link out of the folder, as it is within', async () => {
    // Its own kernel follows them, in its own file system.
    expect(await tries('cat /mnt/shared/absolute; cat /mnt/shared/relative; cat /mnt/shared/../secret')).not.toContain('outside')
    expect(await tries('ln -s /etc/passwd /mnt/shared/out')).toContain('Operation not permitted')
    expect(await tries('ln -s ../secret /mnt/shared/out')).toContain('Operation not permitted')
    expect(await tries('ln -s note /mnt/shared/link && cat /mnt/shared/link')).toBe('changed')
    expect(await tries('ln /mnt/shared/note /mnt/shared/hard')).toContain('Operation not permitted')
    expect(await tries('mknod /mnt/shared/disk b 8 0')).toContain('Operation not permitted')
    expect((await readdir(at('shared'))).sort()).toEqual(['absolute', 'below', 'link', 'note', 'relative', 'within'])
  })

  it('loses at once what is taken away, whatever it has open', async () => {
    // Of its own: the agent waits for whoever has its pipe.
    expect(await tries("setsid sh -c 'exec 3>>/mnt/shared/note; while echo again >&3; do usleep 50000; done' >/dev/null 2>&1 & sleep 1")).toBe('')
    const size = async () => (await stat(at('shared', 'note'))).size
    await vi.waitFor(async () => expect(await size()).toBeGreaterThan('changed\n'.length), patient)
    await services.apply({ guestInfo, printer: false, folders: 'read-only' })
    const then = await size()
    expect(await settle()).toEqual(['read-only'])
    expect(await tries('umount -l /mnt/shared; sleep 1')).toBe('')
    expect(await size()).toBe(then)
    expect(await mount()).toBe('')
    expect(await tries('echo more >>/mnt/shared/note')).toContain('Read-only file system')
    expect(await tries('head -n 1 /mnt/shared/note')).toBe('changed')
    expect(await size()).toBe(then)
    await removeFolder(layout().instance('demo-1'), at('shared'))
    expect(await settle()).toEqual([])
    expect(await tries('umount -l /mnt/shared')).toBe('')
    expect(await mount()).toContain('Connection refused')
    expect(told('folder-shared').map(({ data }) => data.access)).toEqual(['read-write', 'read-only'])
    expect(told('folder-withdrawn')).toHaveLength(2)
  })

  it('is suspended while it has a folder mounted', async () => {
    const instance = layout().instance('demo-1')
    await addFolder(instance, at('shared'), true)
    await addFolder(instance, at('data'), true)
    await services.apply({ guestInfo, printer: false, folders: 'read-write' })
    expect(await settle()).toEqual(['read-only', 'folder-forbidden'])
    expect(await mount()).toBe('')
    expect(await tries('head -n 1 /mnt/shared/note')).toBe('changed')
    await machine.vm.suspend({ path: at('state'), key: new Uint8Array(32), binding: 'demo' })
    expect((await stat(at('state'))).size).toBeGreaterThan(0)
  })
})
