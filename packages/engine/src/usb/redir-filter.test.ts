// SPDX-License-Identifier: Apache-2.0
import { type Duplex, duplexPair } from 'node:stream'
import { expect, it } from 'vitest'
import { deviceConnect, EmulatedStick, endpointInfo, interfaceInfo, plainStick, type StickTraits } from '../../test/usb/emulated-stick.ts'
import { EngineError } from '../error.ts'
import { filterProperty } from './admission.ts'
import { RedirFilter, type UsbJudge } from './redir-filter.ts'
import { encodePacket, helloPacket, type Packet, PacketReader, packet, rejecting, sharedCapabilities } from './wire.ts'

const all: UsbJudge = () => true
const storageOnly: UsbJudge = ({ classes }) => classes.every((code) => code === '08')
const soon = () => new Promise((resolve) => setImmediate(resolve))
const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await soon()
}

async function plugged(judge: UsbJudge, change: Partial<StickTraits> = {}) {
  const [near, far] = duplexPair()
  const stick = new EmulatedStick(far, { ...plainStick, ...change })
  const filter = await RedirFilter.open(near, judge, 5000)
  return { filter, stick, source: far }
}

/** A guest's controller, as far as it speaks. */
function machineOf(filter: RedirFilter, capabilities = sharedCapabilities | rejecting) {
  const [near, far] = duplexPair()
  const heard: Packet[] = []
  const reader = new PacketReader('device')
  far.on('data', (bytes: Buffer) => heard.push(...reader.push(bytes)))
  far.on('error', () => undefined)
  filter.serve(near)
  far.write(helloPacket(capabilities))
  let ids = 0n
  const ask = (type: number, body: Buffer): bigint => {
    ids += 1n
    far.write(encodePacket({ type, id: ids, body }))
    return ids
  }
  const control = (requestType: number, request: number, value: number, length: number) => {
    const body = Buffer.alloc(10)
    body.set([requestType & 0x80, request, requestType])
    body.writeUInt16LE(value, 4)
    body.writeUInt16LE(length, 8)
    return ask(packet.control, body)
  }
  return { heard, ask, control, stream: far as Duplex, types: () => heard.map(({ type }) => type) }
}

it('tells the machine of a device that the rules allow, and hands transfers on in both directions', async () => {
  const { filter } = await plugged(storageOnly)
  expect(filter.identity).toEqual({ vendor: '0781', product: '5567', classes: ['08'] })
  const machine = machineOf(filter)
  await settled()
  expect(machine.types()).toEqual([packet.hello, packet.endpointInfo, packet.interfaceInfo, packet.deviceConnect])
  machine.control(0x80, 6, 0x0100, 18)
  machine.ask(packet.setConfiguration, Buffer.of(1))
  await settled()
  const [answer, configured] = machine.heard.slice(4)
  expect(answer?.body.subarray(10).length).toBe(18)
  expect(configured?.type).toBe(packet.configurationStatus)
})

it('tells the machine nothing of a device that they do not allow', async () => {
  const [near, far] = duplexPair()
  new EmulatedStick(far, plainStick)
  await expect(RedirFilter.open(near, ({ product }) => product !== '5567', 5000)).rejects.toMatchObject({ code: 'usb-refused' })
  await settled()
  expect(far.destroyed || far.readableEnded).toBe(true)
})

it.each<[string, Partial<StickTraits>, (machine: ReturnType<typeof machineOf>, stick: EmulatedStick) => void]>([
  ['by an interface that it shows once it is configured', { configuredClass: 3 }, (machine) => machine.ask(packet.setConfiguration, Buffer.of(1))],
  ['by an interface in its configuration descriptor', { hidden: 3 }, (machine) => machine.control(0x80, 6, 0x0200, 255)],
  ['by an interface in a part of that descriptor', { hidden: 3 }, (machine) => machine.control(0x80, 6, 0x0200, 40)],
])('ends one that becomes what the rules do not allow %s, and keeps it where they do', async (_how, change, act) => {
  const refused = await plugged(storageOnly, change)
  const machine = machineOf(refused.filter)
  await settled()
  act(machine, refused.stick)
  expect(await refused.filter.ended).toMatchObject({ code: 'usb-changed' })
  await settled()
  expect(machine.types()).toEqual([packet.hello, packet.endpointInfo, packet.interfaceInfo, packet.deviceConnect])

  const kept = await plugged(all, change)
  const other = machineOf(kept.filter)
  await settled()
  act(other, kept.stick)
  await settled()
  expect(other.types().length).toBeGreaterThan(4)
  expect(kept.filter.identity.classes).toEqual(['03', '08'])
})

it.each<[string, Partial<StickTraits>, (machine: ReturnType<typeof machineOf>, stick: EmulatedStick) => void]>([
  ['whose descriptor names another product', { describedProduct: 0x1234 }, (machine) => machine.control(0x80, 6, 0x0100, 18)],
  ['in whose place another one comes', {}, (_, stick) => stick.announce({ ...plainStick, product: 0x1234 })],
])('ends one %s, whatever the rules', async (_how, change, act) => {
  const { filter, stick } = await plugged(all, change)
  const machine = machineOf(filter)
  await settled()
  act(machine, stick)
  expect(await filter.ended).toMatchObject({ code: 'usb-changed' })
})

it('ends one at once that rules of later do not allow, by all that it has shown of itself', async () => {
  let judge: UsbJudge = all
  const { filter } = await plugged((identity) => judge(identity), { hidden: 3 })
  const machine = machineOf(filter)
  await settled()
  filter.judgeAgain()
  machine.control(0x80, 6, 0x0200, 255)
  await settled()
  expect(machine.types()).toHaveLength(5)
  judge = storageOnly
  filter.judgeAgain()
  expect(await filter.ended).toMatchObject({ code: 'usb-refused' })
})

it('ends a device that is unplugged, whose source ends, or that the machine rejects', async () => {
  const first = await plugged(all)
  first.stick.unplug()
  expect(await first.filter.ended).toMatchObject({ code: 'usb-gone' })
  const second = await plugged(all)
  second.source.destroy()
  expect(await second.filter.ended).toMatchObject({ code: 'usb-gone' })
  const third = await plugged(all)
  machineOf(third.filter).ask(packet.filterReject, Buffer.alloc(0))
  expect(await third.filter.ended).toMatchObject({ code: 'usb-rejected' })
})

const wrong = (type: number, body: Buffer, id = 0n) => encodePacket({ type, id, body })
const hello = helloPacket(sharedCapabilities)
const known = [wrong(packet.endpointInfo, endpointInfo()), wrong(packet.interfaceInfo, interfaceInfo(8))]

it.each<[string, readonly Buffer[]]>([
  ['no hello first', [wrong(packet.endpointInfo, endpointInfo())]],
  ['a hello of the length of a disk', [Buffer.from('00000000ffffff7f00000000', 'hex')]],
  ['a hello without the capabilities', [helloPacket(sharedCapabilities & ~32)]],
  ['a second hello', [hello, wrong(packet.hello, hello.subarray(12))]],
  ['a device before its interfaces', [hello, wrong(packet.endpointInfo, endpointInfo()), wrong(packet.deviceConnect, deviceConnect(plainStick))]],
  [
    'a device without an interface',
    [
      hello,
      wrong(packet.endpointInfo, endpointInfo()),
      wrong(packet.interfaceInfo, interfaceInfo()),
      wrong(packet.deviceConnect, deviceConnect(plainStick)),
    ],
  ],
  [
    'thirty-three interfaces',
    [
      hello,
      ...known.slice(0, 1),
      wrong(packet.interfaceInfo, Buffer.concat([Buffer.of(33, 0, 0, 0), Buffer.alloc(128)])),
      wrong(packet.deviceConnect, deviceConnect(plainStick)),
    ],
  ],
  ['a device of another length', [hello, ...known, wrong(packet.deviceConnect, Buffer.alloc(8))]],
  ['a packet that only machines send', [hello, wrong(packet.setConfiguration, Buffer.of(1))]],
  ['a packet of an unknown type', [hello, wrong(26, Buffer.alloc(10))]],
  ['an answer before a question', [hello, wrong(packet.control, Buffer.alloc(10))]],
  ['data before the machine is there', [hello, wrong(packet.configurationStatus, Buffer.alloc(2))]],
  ['a transfer of the length of a disk', [hello, Buffer.from('65000000000000400000000000000000', 'hex')]],
])('refuses %s', async (_what, bytes) => {
  const [near, far] = duplexPair()
  const opening = RedirFilter.open(near, all, 5000)
  far.write(Buffer.concat(bytes))
  await expect(opening).rejects.toMatchObject({ code: 'usb-protocol' })
})

it.each<[string, (machine: ReturnType<typeof machineOf>) => void]>([
  ['sets its configuration as a plain transfer', (machine) => machine.control(0x00, 9, 2, 0)],
  ['chooses an interface as a plain transfer', (machine) => machine.control(0x01, 11, 1, 0)],
  ['asks with more bytes than it sends', (machine) => machine.control(0x40, 1, 0, 9)],
  ['contradicts its own endpoint', (machine) => machine.ask(packet.control, Buffer.from('80000000000000000000', 'hex'))],
  ['sends what only devices send', (machine) => machine.ask(packet.deviceConnect, deviceConnect(plainStick))],
])('ends a device whose machine %s', async (_what, act) => {
  const { filter } = await plugged(all)
  const machine = machineOf(filter)
  await settled()
  act(machine)
  expect(await filter.ended).toMatchObject({ code: 'usb-protocol' })
})

it('ends a device that answers another question than the one that was asked, or a part of a descriptor that is none', async () => {
  for (const answer of ['00060000000100001200', '80060000000200000200 0000', '80060000000100000200 0203']) {
    const [near, far] = duplexPair()
    const opening = RedirFilter.open(near, all, 5000)
    far.write(Buffer.concat([hello, ...known, wrong(packet.deviceConnect, deviceConnect(plainStick))]))
    const filter = await opening
    const machine = machineOf(filter)
    const id = machine.control(0x80, 6, answer.startsWith('8006000000010000') ? 0x0100 : 0x0200, 2)
    await settled()
    const body = Buffer.from(answer.replace(' ', ''), 'hex')
    body.writeUInt8(0x80, 2)
    far.write(wrong(packet.control, body, id))
    expect(await filter.ended).toMatchObject({ code: 'usb-protocol' })
  }
})

it('survives bytes at random, and truncated and altered packets, of either side', async () => {
  let state = 0x2545f491
  const random = (below: number): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
  const good = Buffer.concat([hello, ...known, wrong(packet.deviceConnect, deviceConnect(plainStick))])
  const codes = new Set<string>()
  for (let round = 0; round < 400; round++) {
    const [near, far] = duplexPair()
    const bytes = round % 2 === 0 ? Buffer.from(good) : Buffer.from(Array.from({ length: 1 + random(300) }, () => random(256)))
    for (let count = random(4); count >= 0; count--) bytes[random(bytes.length)] = random(256)
    const opening = RedirFilter.open(near, all, 5000)
    far.write(bytes.subarray(0, 1 + random(bytes.length)))
    far.end()
    const found = await opening.catch((error: unknown) => error)
    if (found instanceof EngineError) codes.add(found.code)
    else expect(found).toBeInstanceOf(RedirFilter)
    if (!(found instanceof RedirFilter)) continue
    const machine = machineOf(found)
    machine.stream.write(Buffer.from(Array.from({ length: 200 }, () => random(256))))
    expect(['usb-gone', 'usb-protocol']).toContain((await found.ended).code)
  }
  expect([...codes].sort()).toEqual(['usb-gone', 'usb-protocol'])
})

it('QEMU is given rules for the one device, which follow the classes and let nothing else in', () => {
  const classes = [
    { class: '03', allowed: false },
    { class: '08', allowed: true },
  ]
  expect(filterProperty({ vendor: '0781', product: '5567', classes, others: false })).toBe(
    '0x03:0x0781:0x5567:-1:0|0x08:0x0781:0x5567:-1:1|-1:0x0781:0x5567:-1:0|-1:-1:-1:-1:0',
  )
})
