// SPDX-License-Identifier: Apache-2.0
//
// What every backend must do, run against each of them. A subject brings machines whose guest prints `C` on its serial port for ever.
import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Capability } from '../src/capabilities.ts'
import { lifecycle, type VmRequest, type VmState } from '../src/lifecycle.ts'
import type { EngineBackend, StateFile, VirtualMachine, VmSpec } from '../src/virtual-machine.ts'
import { perform } from './perform.ts'

export interface ContractSubject {
  readonly backend: EngineBackend
  /** A new disk and a new runtime folder at each call; serial is captured. */
  readonly newSpec: () => Promise<VmSpec>
  /** Ends the VM's process unasked. */
  readonly crash: (vm: VirtualMachine) => Promise<void>
  /** Opens a VM, starts it and resolves when a disk has failed it; absent where the backend has no such state. */
  readonly openStarved?: () => Promise<VirtualMachine>
  /** A spec that the backend lacks something for, and what; absent where it offers all there is. */
  readonly beyond?: { readonly spec: VmSpec; readonly missing: Capability }
  readonly close: () => Promise<void>
}

const requests = Object.keys(lifecycle.running) as VmRequest[]
const states = Object.keys(lifecycle) as VmState[]

export function engineContract(name: string, makeSubject: () => Promise<ContractSubject>, tableStates: readonly VmState[] = states): void {
  describe(`the engine contract: ${name}`, () => {
    let subject: ContractSubject
    const opened: VirtualMachine[] = []

    beforeAll(async () => {
      subject = await makeSubject()
    })
    afterAll(async () => {
      await Promise.all(opened.map((vm) => vm.stop()))
      await subject.close()
    })

    const open = async (spec: VmSpec, restore?: StateFile): Promise<VirtualMachine> => {
      const vm = await subject.backend.open(spec, restore)
      opened.push(vm)
      return vm
    }
    const newFile = (spec: VmSpec, name = 'suspended'): StateFile => ({
      path: join(spec.runtimeFolder, name),
      key: randomBytes(32),
      binding: 'contract',
    })

    const openStarved = async (): Promise<VirtualMachine> => {
      if (subject.openStarved === undefined) throw new Error('this subject cannot starve')
      const vm = await subject.openStarved()
      opened.push(vm)
      return vm
    }

    /** A VM in `state`, by the shortest way there. */
    const openIn = async (state: VmState): Promise<{ vm: VirtualMachine; spec: VmSpec }> => {
      const spec = await subject.newSpec()
      if (state === 'starved') return { vm: await openStarved(), spec }
      const vm = await open(spec)
      if (state !== 'prepared') await vm.start()
      if (state === 'paused') await vm.pause()
      if (state === 'suspended') await vm.suspend(newFile(spec))
      if (state === 'stopped') await vm.stop()
      if (state === 'failed') {
        await subject.crash(vm)
        await vm.exited
      }
      return { vm, spec }
    }

    it('offers what it has been probed for', async () => {
      const report = await subject.backend.probe()
      expect(report).toMatchObject({ available: true })
      for (const capability of ['disk:ide', 'suspend', 'snapshot'] as const)
        expect(report.available && report.capabilities.has(capability), capability).toBe(true)
    })

    it('refuses a spec that asks for more and names what is missing, and opens its neighbour', async () => {
      const { spec, missing } = subject.beyond ?? { spec: undefined, missing: undefined }
      if (spec !== undefined)
        await expect(subject.backend.open(spec)).rejects.toMatchObject({
          code: 'capability-missing',
          message: expect.stringContaining(`\`${missing}\``),
        })
      expect((await open(await subject.newSpec())).state).toBe('prepared')
    })

    describe.each(tableStates)('a VM that is %s', (state) => {
      const refused = requests.filter((request) => lifecycle[state][request] === 'refuse')
      const allowed = requests.filter((request) => lifecycle[state][request] !== 'refuse')

      it(`refuses ${refused.join(', ') || 'nothing'} and stays what it is`, async () => {
        const { vm, spec } = await openIn(state)
        expect(vm.state).toBe(state)
        for (const request of refused) {
          await expect(perform(vm, request, newFile(spec)), request).rejects.toMatchObject({ code: 'lifecycle-refused' })
          expect(vm.state).toBe(state)
        }
        await vm.stop()
      })

      it.each(allowed)('takes %s', async (request) => {
        const { vm, spec } = await openIn(state)
        await perform(vm, request, newFile(spec))
        const step = lifecycle[state][request]
        expect(vm.state).toBe(step === 'stay' ? state : step)
        await vm.stop()
      })
    })

    it('runs the guest after start, not before, and not while paused', async () => {
      const vm = await open(await subject.newSpec())
      const heard = listen(vm)
      await vm.start()
      await heard.next()
      await vm.pause()
      const heardWhenPaused = heard.count()
      // The display answers by way of the same process, after anything that the guest had still sent.
      await firstBytes(vm.displaySocket, 12)
      await vm.pause()
      await vm.resume()
      await heard.next()
      expect(heard.count()).toBeGreaterThan(heardWhenPaused)
      expect(new Set(heard.text())).toEqual(new Set(['C']))
      await vm.stop()
    })

    it('greets a viewer with RFB 3.8', async () => {
      const vm = await open(await subject.newSpec())
      expect(await firstBytes(vm.displaySocket, 12)).toBe('RFB 003.008\n')
      await vm.stop()
    })

    it('serialises requests: of two starts at once one is refused, and a pause right behind a start finds it running', async () => {
      const vm = await open(await subject.newSpec())
      const outcomes = await Promise.allSettled([vm.start(), vm.start(), vm.pause(), vm.pause(), vm.resume()])
      expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
      expect(vm.state).toBe('running')
      await Promise.all([vm.stop(), vm.stop()])
      expect(vm.state).toBe('stopped')
    })

    it('tells each change of state once, in order', async () => {
      const vm = await open(await subject.newSpec())
      const seen: VmState[] = []
      vm.on('state', (state) => seen.push(state))
      await vm.start()
      await vm.pause()
      await vm.pause()
      await vm.resume()
      await vm.stop()
      expect(seen).toEqual(['running', 'paused', 'running', 'stopped'])
      expect(await vm.exited).toMatchObject({ state: 'stopped' })
    })

    it('says that a VM failed when its process dies', async () => {
      const { vm } = await openIn('failed')
      expect(await vm.exited).toMatchObject({ state: 'failed' })
    })

    it('suspends and restores: the guest goes on where it was', async () => {
      const spec = await subject.newSpec()
      const vm = await open(spec)
      const before = listen(vm)
      await vm.start()
      await before.next()
      const file = newFile(spec)
      await vm.suspend(file)
      expect(await vm.exited).toMatchObject({ state: 'suspended' })
      const restored = await open(spec, file)
      expect(restored.state).toBe('paused')
      const after = listen(restored)
      await restored.resume()
      await after.next()
      expect(new Set(after.text())).toEqual(new Set(['C']))
      await restored.stop()
    })

    it('refuses a state that was altered or made for something else, and takes the same one unaltered', async () => {
      const { vm, spec } = await openIn('paused')
      const file = newFile(spec)
      await vm.suspend(file)
      const bytes = await readFile(file.path)
      const altered = Buffer.from(bytes)
      altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1
      await writeFile(file.path, altered)
      await expect(subject.backend.open(spec, file)).rejects.toMatchObject({ code: 'state-altered' })
      await writeFile(file.path, bytes)
      await expect(subject.backend.open(spec, { ...file, binding: 'another' })).rejects.toMatchObject({ code: 'state-mismatch' })
      await expect(subject.backend.open({ ...spec, memoryMiB: spec.memoryMiB * 2 }, file)).rejects.toMatchObject({ code: 'state-mismatch' })
      const restored = await open(spec, file)
      expect(restored.state).toBe('paused')
      await restored.stop()
    })

    it('goes on running when the state cannot be written, and leaves no file', async () => {
      const { vm, spec } = await openIn('running')
      const before = await readdir(spec.runtimeFolder)
      const path = join(spec.runtimeFolder, 'no-such-folder', 'suspended')
      await expect(vm.suspend({ path, key: randomBytes(32), binding: 'contract' })).rejects.toBeInstanceOf(Error)
      expect(vm.state).toBe('running')
      await listen(vm).next()
      expect(await readdir(spec.runtimeFolder)).toEqual(before)
      await vm.stop()
    })

    it('takes a processor limit in its spec and while it runs, a rate of its disks while it runs, and refuses what is none', async () => {
      const spec = await subject.newSpec()
      await expect(subject.backend.open({ ...spec, processorPercent: 0 })).rejects.toMatchObject({ code: 'spec-invalid' })
      const vm = await open({ ...spec, processorPercent: 90 })
      const heard = listen(vm)
      await vm.start()
      await heard.next()
      for (const percent of [80, null, 25_600]) expect(() => vm.setProcessorPercent(percent)).not.toThrow()
      for (const percent of [0, 1.5, 25_601]) expect(() => vm.setProcessorPercent(percent)).toThrow(expect.objectContaining({ code: 'spec-invalid' }))
      for (const rate of [64, null, 67_108_864]) await vm.setDiskRate(rate)
      for (const rate of [0, 1.5, 67_108_865]) await expect(vm.setDiskRate(rate)).rejects.toMatchObject({ code: 'spec-invalid' })
      await heard.next()
      await vm.stop()
    })

    it('says what it uses while its process is there, each disk by its name where it counts them', async () => {
      const spec = await subject.newSpec()
      const vm = await open(spec)
      const heard = listen(vm)
      await vm.start()
      await heard.next()
      const { balloonMiB, disks } = await vm.stats()
      expect(balloonMiB).toBeNull()
      if (disks !== null) expect(disks.map(({ name }) => name)).toEqual(spec.disks.map(({ name }) => name))
      await vm.stop()
      await expect(vm.stats()).rejects.toMatchObject({ code: 'vm-exited' })
    })

    it('keeps snapshots while it runs on, and each can be gone back to, more than once', async () => {
      const spec = await subject.newSpec()
      const vm = await open(spec)
      const heard = listen(vm)
      await vm.start()
      await heard.next()
      const files = [newFile(spec, 'first'), newFile(spec, 'second')] as const
      for (const file of files) {
        let heardWhileStill = -1
        await vm.snapshot(file, async () => {
          const before = heard.count()
          await new Promise((resolve) => setTimeout(resolve, 100))
          heardWhileStill = heard.count() - before
        })
        expect(heardWhileStill).toBe(0)
        expect(vm.state).toBe('running')
        await heard.next()
      }
      await vm.pause()
      await vm.suspend(newFile(spec))
      for (const file of [files[0], files[1], files[0]]) {
        const restored = await open(spec, file)
        expect(restored.state).toBe('paused')
        const after = listen(restored)
        await restored.resume()
        await after.next()
        expect(new Set(after.text())).toEqual(new Set(['C']))
        await restored.stop()
      }
    })

    it('runs on where a snapshot cannot be written or its disks cannot be kept, and keeps the next one', async () => {
      const { vm, spec } = await openIn('running')
      const before = await readdir(spec.runtimeFolder)
      const nowhere = { ...newFile(spec), path: join(spec.runtimeFolder, 'no-such-folder', 'snapshot') }
      await expect(vm.snapshot(nowhere, async () => undefined)).rejects.toMatchObject({ code: 'snapshot-failed' })
      await listen(vm).next()
      expect(await readdir(spec.runtimeFolder)).toEqual(before)
      const full = Object.assign(new Error('no room'), { code: 'ENOSPC' })
      await expect(vm.snapshot(newFile(spec), () => Promise.reject(full))).rejects.toBe(full)
      await listen(vm).next()
      const file = newFile(spec, 'third')
      await vm.snapshot(file, async () => undefined)
      await vm.stop()
      const restored = await open(spec, file)
      expect(restored.state).toBe('paused')
      await restored.stop()
    })

    it('leaves no socket behind', async () => {
      const spec = await subject.newSpec()
      const before = await readdir(spec.runtimeFolder, { recursive: true })
      const vm = await open(spec)
      await vm.start()
      await vm.stop()
      expect(await readdir(spec.runtimeFolder, { recursive: true })).toEqual(before)
    })

    if (tableStates.includes('starved')) {
      it('names the disk that starves it and goes on after resume', async () => {
        const vm = await openStarved()
        const heard = listen(vm)
        await vm.resume()
        await heard.next()
        expect(vm.state).toBe('running')
        await vm.stop()
      })
    }
  })
}

/** Collects serial output; `next` resolves at the next byte that arrives. */
function listen(vm: VirtualMachine): { next: () => Promise<void>; count: () => number; text: () => string } {
  let text = ''
  let wake: (() => void)[] = []
  vm.on('serial', (bytes) => {
    text += Buffer.from(bytes).toString('latin1')
    for (const resolve of wake) resolve()
    wake = []
  })
  return { next: () => new Promise((resolve) => wake.push(resolve)), count: () => text.length, text: () => text }
}

function firstBytes(socket: string, length: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const connection = createConnection(socket)
    let text = ''
    connection.on('error', reject)
    connection.on('close', () => reject(new Error(`the display ended after ${text.length} bytes`)))
    connection.on('data', (bytes) => {
      text += bytes.toString('latin1')
      if (text.length < length) return
      resolve(text.slice(0, length))
      connection.destroy()
    })
  })
}
