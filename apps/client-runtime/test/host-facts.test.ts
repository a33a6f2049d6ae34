// SPDX-License-Identifier: Apache-2.0
//
// Probes of the host against files of a test's own, and one look at this very computer.
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { endianness, tmpdir } from 'node:os'
import { join } from 'node:path'
import { hostPosture } from '@casemate/policy/host-posture'
import { hostNetwork } from '@casemate/policy/host-zone'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { onEncryptedDisk } from '../daemon/host-facts/disk-encryption.ts'
import { linuxHost } from '../daemon/host-facts/host-probes.ts'
import { networkOf } from '../daemon/host-facts/network.ts'
import { presentFiles, runningProcesses, systemOf } from '../daemon/host-facts/posture.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'host-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

describe('the network of the host', () => {
  const seen = (address: string, family: 'IPv4' | 'IPv6', internal = false) => ({ address, family, internal })

  it('is its addresses but for loopback and link-local ones, and the domains that names are looked up in', async () => {
    const interfaces = {
      lo: [seen('127.0.0.1', 'IPv4', true), seen('::1', 'IPv6', true)],
      eth0: [seen('192.0.2.7', 'IPv4'), seen('fe80::1', 'IPv6'), seen('2001:db8::7', 'IPv6')],
      eth1: [seen('169.254.3.4', 'IPv4')],
    }
    const resolver = await file('resolv.conf', '# made\nsearch old.example.com\nnameserver 192.0.2.1\nsearch Corp.Example.com. lab.example.com\n')
    expect(await networkOf({ interfaces, resolver, routes: folder })).toEqual({
      addresses: ['192.0.2.7/32', '2001:db8::7/128'],
      gateways: [],
      suffixes: ['corp.example.com', 'lab.example.com'],
    })
    const none = join(folder, 'none')
    expect(await networkOf({ interfaces: {}, resolver: none, routes: none })).toEqual({ addresses: [], gateways: [], suffixes: [] })
  })

  it('has the gateways of its default routes, and no others', async () => {
    // As a kernel of this computer's order of bytes writes 192.0.2.1 and 198.51.100.1.
    const hex = (bytes: number[]) =>
      Buffer.from(endianness() === 'LE' ? bytes.reverse() : bytes)
        .toString('hex')
        .toUpperCase()
    const route = (destination: string, gateway: string, flags: string, mask: string) =>
      `eth0\t${destination}\t${gateway}\t${flags}\t0\t0\t0\t${mask}\t0\t0\t0  `
    await file(
      'route',
      [
        'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
        route('00000000', hex([192, 0, 2, 1]), '0003', '00000000'),
        route(hex([10, 0, 0, 0]), hex([198, 51, 100, 1]), '0003', hex([255, 0, 0, 0])),
        route('00000000', hex([198, 51, 100, 1]), '0001', '00000000'),
      ].join('\n'),
    )
    const zero = '0'.repeat(32)
    const next = '20010db8000000000000000000000001'
    const linkLocal = 'fe800000000000000000000000000001'
    const routes = [
      `${zero} 00 ${zero} 00 ${next} 00000400 00000001 00000000 00000003     eth0`,
      `${zero} 00 ${zero} 00 ${linkLocal} 00000400 00000001 00000000 00000003     eth0`,
      `${zero} 00 ${zero} 00 ${zero} ffffffff 00000001 00000000 00200200       lo`,
      `20010db8000000000000000000000000 20 ${zero} 00 20010db8000000000000000000000002 00000400 00000001 00000000 00000003     eth0`,
    ]
    await file('ipv6_route', routes.join('\n'))
    const found = await networkOf({ interfaces: {}, resolver: join(folder, 'none'), routes: folder })
    expect(found.gateways).toEqual(['192.0.2.1/32', '2001:0db8:0000:0000:0000:0000:0000:0001/128'])
    expect(hostNetwork.safeParse(found).success).toBe(true)
  })
})

describe('the system of the host', () => {
  it('is what os-release says, where it has a version of numbers', async () => {
    expect(await systemOf(await file('debian', 'PRETTY_NAME="Debian"\nID=debian\nVERSION_ID="12"\n'))).toEqual({ name: 'debian', version: '12' })
    expect(await systemOf(await file('arch', 'ID=arch\nBUILD_ID=rolling\n'))).toBeNull()
    expect(await systemOf(await file('words', 'ID=odd\nVERSION_ID="twelve"\n'))).toBeNull()
  })
})

describe('programs and files', () => {
  it('are those that are asked for and there', async () => {
    const present = await file('agent.conf', '')
    expect(await presentFiles([present, join(folder, 'other')])).toEqual([present])
    for (const [id, name] of [
      ['1', 'init'],
      ['20', 'endpoint-protec'],
    ] as const) {
      await mkdir(join(folder, id))
      await writeFile(join(folder, id, 'comm'), `${name}\n`)
    }
    await mkdir(join(folder, '21'))
    expect(await runningProcesses(['endpoint-protection', 'init', 'absent'], folder)).toEqual(['endpoint-protection', 'init'])
    expect(await runningProcesses([], folder)).toEqual([])
  })
})

describe('the disk under a folder', () => {
  /** A tree as under /sys: the folder's device, what it lies on, and what device-mapper says of each. */
  async function sys(...uuids: readonly (string | null)[][]): Promise<string> {
    const { dev } = await stat(folder)
    const name = `${Math.floor(dev / 256) % 4096}:${(dev % 256) + Math.floor(dev / 1_048_576) * 256}`
    let device = join(folder, 'sys/dev/block', name)
    for (const [level, [uuid = null]] of uuids.entries()) {
      await mkdir(join(device, 'dm'), { recursive: true })
      if (uuid !== null) await writeFile(join(device, 'dm/uuid'), uuid)
      if (level < uuids.length - 1) {
        const below = join(folder, `sys/devices/d${level}`)
        await mkdir(below, { recursive: true })
        await mkdir(join(device, 'slaves'), { recursive: true })
        await symlink(below, join(device, 'slaves', `d${level}`))
        device = below
      }
    }
    return join(folder, 'sys')
  }

  it.each<[string, (string | null)[][], boolean]>([
    ['dm-crypt itself', [['CRYPT-LUKS2-0123-luks']], true],
    ['a volume of LVM on dm-crypt', [['LVM-abc'], ['CRYPT-LUKS2-0123-luks'], [null]], true],
    ['a volume of LVM on a partition', [['LVM-abc'], [null]], false],
    ['a partition', [[null]], false],
  ])('is encrypted where every way down passes dm-crypt: %s', async (_what, uuids, encrypted) => {
    expect(await onEncryptedDisk(folder, await sys(...uuids))).toBe(encrypted)
  })

  it('is not known where there is no block device', async () => expect(await onEncryptedDisk(folder, join(folder, 'none'))).toBeNull())
})

it('looks at this computer in the form that decisions take', async () => {
  const host = linuxHost(folder)
  const posture = await host.posture({ processes: [], files: [folder, join(folder, 'absent')] })
  expect(hostPosture.parse(posture)).toEqual(posture)
  expect(posture.files).toEqual({ value: [folder], from: 'observed' })
  expect(posture.screenLock).toBeNull()
  expect(hostNetwork.safeParse(await host.network()).success).toBe(true)
})
