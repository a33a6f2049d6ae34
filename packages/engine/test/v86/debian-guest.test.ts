// SPDX-License-Identifier: Apache-2.0
//
// What only a real operating system shows. Needs the demo guest in its cache (`node tools/demo-guest/main.ts`); skipped without.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { scancodesOfKeysym } from '../../src/rfb/keyboard.ts'
import type { VirtualMachine, VmSpec } from '../../src/virtual-machine.ts'
import { RfbProbe } from './rfb-probe.ts'
import { serialOf, V86Fixture } from './v86-fixture.ts'

const images = fileURLToPath(new URL('../../../../.cache/demo-guest/current/', import.meta.url))
const patience = { timeout: 200_000, interval: 1000 }
const SHIFTED = '>"|&*:_'
let fixture: V86Fixture

beforeAll(async () => {
  fixture = await V86Fixture.make()
})
afterAll(() => fixture.close())

async function newSpec(): Promise<VmSpec> {
  const disks = await Promise.all(['system.raw', 'user.raw'].map(async (name) => fixture.disk(await readFile(join(images, name)))))
  return { ...(await fixture.spec(...disks)), memoryMiB: 128 }
}

/** Types by scan code, shift held where a US keyboard needs it. */
function type(probe: RfbProbe, text: string): void {
  const key = (keycode: number, down: boolean) => probe.socket.write(Buffer.from([255, 0, 0, down ? 1 : 0, 0, 0, 0, 0, 0, 0, 0, keycode]))
  for (const character of text) {
    const [code = 0] = scancodesOfKeysym(character === '\n' ? 0xff0d : character.charCodeAt(0), true)
    const shift = SHIFTED.includes(character) || /[A-Z]/.test(character)
    if (shift) key(0x2a, true)
    key(code, true)
    key(code, false)
    if (shift) key(0x2a, false)
  }
}

/** Follows the screen until the guest's banner is on it, in bright cyan at the top; a key before would stop the boot loader. */
async function waitForBanner(probe: RfbProbe): Promise<void> {
  probe.encodings(6, -223)
  const isCyan = (x: number, y: number) => {
    const [red = 0, green = 0, blue = 0] = probe.pixel(x, y)
    return red < 0x60 && green > 0xf0 && blue > 0xf0
  }
  do {
    probe.request(true)
    await probe.update()
  } while (!Array.from({ length: 16 }, (_, y) => isCyan(20, y)).some(Boolean))
}

/** Has the guest's shell write to the serial port until it does. */
async function waitForShell(probe: RfbProbe, serial: { text(): string }): Promise<void> {
  await waitForBanner(probe)
  await vi.waitFor(() => {
    type(probe, '\necho shell > /dev/ttyS0\n')
    expect(serial.text()).toContain('shell')
  }, patience)
}

async function uuidOf(vm: VirtualMachine): Promise<string> {
  const serial = serialOf(vm)
  const probe = await RfbProbe.open(vm.displaySocket)
  await vm.resume()
  type(probe, '\ncat /proc/sys/kernel/random/uuid > /dev/ttyS0\n')
  const pattern = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/
  await vi.waitFor(() => expect(serial.text()).toMatch(pattern), patience)
  probe.close()
  return pattern.exec(serial.text())?.[0] ?? ''
}

describe.skipIf(!existsSync(join(images, 'system.raw')))('Debian on v86', { timeout: 400_000 }, () => {
  it('draws other random numbers each time it is restored from one state, and shuts down on the power button', async () => {
    const spec = await newSpec()
    const vm = await fixture.open(spec)
    const serial = serialOf(vm)
    const probe = await RfbProbe.open(vm.displaySocket)
    await vm.start()
    await waitForShell(probe, serial)
    const file = { path: join(spec.runtimeFolder, 'suspended'), key: randomBytes(32), binding: 'debian' }
    await vm.suspend(file)
    probe.close()
    const first = await fixture.open(spec, file)
    const uuids = [await uuidOf(first)]
    await first.stop()
    const second = await fixture.open(spec, file)
    uuids.push(await uuidOf(second))
    expect(new Set(uuids).size).toBe(2)

    await vi.waitFor(async () => {
      if (second.state === 'running') await second.powerButton()
      expect(second.state).toBe('stopped')
    }, patience)
    expect(await second.exited).toEqual({ state: 'stopped', message: 'the guest powered itself off (ACPI)' })
  })
})
