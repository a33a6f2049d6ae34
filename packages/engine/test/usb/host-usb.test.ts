// SPDX-License-Identifier: Apache-2.0
//
// USB devices as a kernel lists them, and one of them taken by a program in its box: a stand-in for `usbredirect`, which greets, tells what it sees
// of the host from inside, and ends with its connection.
import { once } from 'node:events'
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bubblewrapArguments } from '../../src/qemu/containment.ts'
import { HostUsb, redirectBox } from '../../src/usb/host-usb.ts'

let root: string
let programs: string

const stick = {
  ...{ idVendor: '0781\n', idProduct: '5567\n', bDeviceClass: '00\n', bDeviceSubClass: '00\n', bDeviceProtocol: '00\n' },
  ...{ busnum: '1\n', devnum: '4\n', manufacturer: 'San\u0000Disk\n', product: 'Cruzer\u001b[2J\n' },
}

async function device(at: string, files: Readonly<Record<string, string>>, interfaces: readonly string[]): Promise<void> {
  const folder = join(root, 'bus/usb/devices', at)
  await mkdir(folder, { recursive: true })
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  for (const [index, code] of interfaces.entries()) {
    await mkdir(join(folder, `${at}:1.${index}`))
    await writeFile(join(folder, `${at}:1.${index}`, 'bInterfaceClass'), code)
  }
}

/** Prints to its connection what it was called with and which files it sees. */
const standIn = (nodes: string) => `#!/usr/bin/perl
use IO::Socket::INET;
my ($host, $port) = $ARGV[3] =~ /^(.*):(\\d+)$/;
my $out = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port) or die "no relay: $!";
sub seen { join(' ', sort map { s{.*/nodes/}{}r } glob($_[0])) }
print $out join(' ', @ARGV[0..2]), '|', seen('${nodes}/*/*'), '|', seen('/sys/bus/usb/devices/*'), '|', seen('/etc/* /root/* /home/*'), "\\n";
$out->flush;
my $line = <$out>;
print $out "heard $line";
`

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cu-'))
  programs = join(root, 'programs')
  await mkdir(programs)
  await mkdir(join(root, 'devices'))
  await copyFile('/usr/bin/bwrap', join(programs, 'bwrap'))
  await writeFile(join(programs, 'usbredirect'), standIn(join(root, 'nodes')))
  await chmod(join(programs, 'usbredirect'), 0o755)
  await device('1-2', stick, ['08\n'])
  await device('1-3.1', { ...stick, bDeviceClass: 'ef\n', bDeviceSubClass: '02\n', bDeviceProtocol: '01\n', devnum: '5\n' }, ['0e\n', '01\n', '01\n'])
  await device('2-1', { ...stick, bDeviceClass: 'ff\n' }, [])
  await device('1-4', { ...stick, bDeviceClass: '09\n' }, ['09\n'])
  await device('usb1', { ...stick, bDeviceClass: '09\n' }, [])
  await device('1-5', { ...stick, idVendor: '0x0781\n' }, ['08\n'])
  await device('1-6', stick, ['8\n'])
  await device('1-7', { ...stick, devnum: '4444\n' }, ['08\n'])
})
afterAll(() => rm(root, { recursive: true, force: true }))

const host = () =>
  new HostUsb({ sysfs: root, nodes: join(root, 'nodes'), programs: [programs], libraries: ['/usr/lib', '/usr/lib64', '/usr/share/perl', '/usr/bin'] })

describe('the USB devices of a host', () => {
  it('are listed by place, without hubs and without those whose files do not have their form', async () => {
    const identity = { vendor: '0781', product: '5567', name: 'San Disk Cruzer [2J', bus: 1 }
    expect(await host().list()).toEqual([
      { ...identity, at: '1-2', address: 4, classes: ['08'] },
      { ...identity, at: '1-3.1', address: 5, classes: ['01', '0e'] },
      { ...identity, at: '2-1', address: 4, classes: ['ff'] },
    ])
  })

  it('are offered where the kernel lists them and a program gives them, and otherwise it says what is missing', async () => {
    expect(await host().probe()).toEqual({ available: true, program: join(programs, 'usbredirect') })
    const noBus = new HostUsb({ sysfs: join(root, 'none'), programs: [programs] })
    expect(await noBus.probe()).toMatchObject({ available: false, code: 'usb-missing', message: expect.stringContaining('has no USB') })
    await expect(noBus.list()).rejects.toMatchObject({ code: 'usb-missing' })
    const noProgram = new HostUsb({ sysfs: root, programs: [join(root, 'devices')] })
    expect(await noProgram.probe()).toMatchObject({
      available: false,
      code: 'usb-missing',
      message: expect.stringContaining('`usbredirect` is not installed'),
    })
  })

  it('are taken by a program that sees one node and speaks through its relay alone, and go back when it is closed', async () => {
    const [found] = await host().list()
    if (found === undefined) throw new Error('expected a device')
    await mkdir(join(root, 'nodes/001'), { recursive: true })
    // Any file stands for a node.
    for (const address of ['004', '005']) await writeFile(join(root, 'nodes/001', address), '')
    const taken = await host().take(found)
    const [first] = (await once(taken.stream, 'data')) as [Buffer]
    expect(first.toString('latin1')).toBe(
      '--device 1-4 --to|001/004|/sys/bus/usb/devices/1-2 /sys/bus/usb/devices/1-3.1 /sys/bus/usb/devices/1-4 /sys/bus/usb/devices/1-5 /sys/bus/usb/devices/1-6 /sys/bus/usb/devices/1-7 /sys/bus/usb/devices/2-1 /sys/bus/usb/devices/usb1|\n',
    )
    taken.stream.write('there\n')
    const [second] = (await once(taken.stream, 'data')) as [Buffer]
    expect(second.toString('latin1')).toBe('heard there\n')
    await once(taken.stream, 'close')
    await taken.close()
  })

  it('are taken in a box without network, identity or any file but what it takes', () => {
    const box = redirectBox(
      { bus: 3, address: 12 },
      { sysfs: '/sys', nodes: '/dev/bus/usb', programs: [], libraries: ['/usr/lib'] },
      '/usr/bin/usbredirect',
      '/usr/bin/bwrap',
    )
    const line = bubblewrapArguments(box, 4)
      .join(' ')
      .replaceAll(process.execPath, '/node')
      .replace(/\S+\/relay\.ts/, '/relay.ts')
    expect(line).toBe(
      '--unshare-all --unshare-user --die-with-parent --new-session --clearenv --uid 65534 --gid 65534 --cap-drop ALL --hostname vm ' +
        '--ro-bind-try /usr/lib /usr/lib --symlink usr/lib /lib --symlink usr/lib64 /lib64 --ro-bind /node /node --dev /dev ' +
        '--dev-bind /dev/bus/usb/003/012 /dev/bus/usb/003/012 --ro-bind /usr/bin/usbredirect /usr/bin/usbredirect --ro-bind /relay.ts /relay.mts ' +
        '--ro-bind /sys/bus/usb /sys/bus/usb --ro-bind /sys/devices /sys/devices --remount-ro / --chdir / -- /node',
    )
  })
})
