// SPDX-License-Identifier: Apache-2.0
//
// Lives of one machine, drawn: requests one by one and several at once, a process of it killed between them or in the midst of one. Every
// answer and every state is what the lifecycle table says, and after each life nothing of it is left on this computer.
import { randomBytes } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { EngineError } from '../src/error.ts'
import { lifecycle, type VmRequest, type VmState } from '../src/lifecycle.ts'
import type { EngineBackend, StateFile, VirtualMachine, VmSpec } from '../src/virtual-machine.ts'
import type { Act, Life } from './drawn-lives.ts'
import { childrenOf, descendantsOf, leftovers } from './leftovers.ts'
import { perform } from './perform.ts'

export interface Subject {
  readonly backend: EngineBackend
  /** Of the one machine; its guest prints `C` on its serial port for ever. */
  readonly spec: VmSpec
  /** Files that a VM locks while it runs. */
  readonly overlays: readonly string[]
  /** Where a suspended state may lie. */
  readonly folder: string
}

export class RandomLives {
  /** Every `state request` that was met. */
  readonly #met = new Set<string>()
  readonly #subject: Subject
  readonly #childrenBefore: readonly number[]
  #suspended: StateFile | undefined
  #files = 0
  #restored = 0
  /**
   * `lost`: it was reset before it had said anything since it was switched on. QEMU does not undo on a reset of the i440fx that SeaBIOS has
   * put memory in place of the firmware, so that one amid its copy finds nothing there to run (docs/known-issues.md).
   */
  #guest = { said: '', spoke: false, lost: false }
  /** Of the present life, for whoever has to understand a failure. */
  #story: string[] = []

  private constructor(subject: Subject, childrenBefore: readonly number[]) {
    this.#subject = subject
    this.#childrenBefore = childrenBefore
  }

  static async over(subject: Subject): Promise<RandomLives> {
    return new RandomLives(subject, await childrenOf(process.pid))
  }

  /** @throws an assertion that tells what had happened in this life */
  async live({ acts, end }: Life): Promise<void> {
    const { backend, spec, overlays, folder } = this.#subject
    const restored = this.#suspended
    this.#story = [restored === undefined ? 'opened' : 'restored']
    const vm = await backend.open(spec, restored)
    if (restored !== undefined) {
      await rm(restored.path)
      this.#restored += 1
    }
    this.#suspended = undefined
    expect(vm.state).toBe(restored === undefined ? 'prepared' : 'paused')
    this.#follow(vm, restored === undefined)
    const processes = new Set((await descendantsOf(process.pid)).filter((pid) => !this.#childrenBefore.includes(pid)))
    expect(processes.size).toBeGreaterThan(0)
    for (const each of acts) await this.#perform(vm, each, processes)
    await this.#listen(vm, vm.state)
    if (!isOver(vm.state)) await this.#perform(vm, end, processes)
    if (!isOver(vm.state)) await this.#perform(vm, { kind: 'ask', requests: ['stop'] }, processes)
    expect((await vm.exited).state, this.#told()).toBe(vm.state)
    expect(this.#guest.said.replaceAll('C', ''), this.#told()).toBe('')
    const traces = { childrenBefore: this.#childrenBefore, processes, runtimeFolder: spec.runtimeFolder, overlays }
    await vi.waitFor(async () => expect(await leftovers(traces), this.#told()).toEqual([]), 5000)
    const states = this.#suspendedFile()
    const found = (await readdir(folder)).map((name) => join(folder, name))
    expect(found, this.#told()).toEqual(states)
  }

  /** Few draws meet little: then the test would say less than its name. */
  expectBreadth(): void {
    const met = (at: number) => new Set([...this.#met].map((pair) => pair.split(' ')[at]))
    expect([...met(0)].sort()).toEqual(['failed', 'paused', 'prepared', 'running', 'stopped', 'suspended'])
    expect(met(1)).toEqual(new Set(Object.keys(lifecycle.running)))
    expect(this.#restored).toBeGreaterThan(0)
  }

  async #perform(vm: VirtualMachine, act: Act, processes: ReadonlySet<number>): Promise<void> {
    if (act.kind === 'listen') await this.#listen(vm, vm.state)
    else if (act.kind === 'ask') await this.#askFor(vm, act.requests)
    else if (!isOver(vm.state)) await this.#kill(vm, act.during, [...processes][Math.floor(act.victim * processes.size)] ?? 0)
  }

  /** All at once: they are done one after the other, but for `stop`, which may overtake. */
  async #askFor(vm: VirtualMachine, requests: readonly VmRequest[]): Promise<void> {
    this.#story.push(`${vm.state}: ${requests.join(' + ')}`)
    const overtaken = requests.length > 1 && requests.includes('stop') && !isOver(vm.state)
    let state = vm.state
    const expected = requests.map((request) => {
      this.#met.add(`${state} ${request}`)
      const answer = lifecycle[state][request] === 'refuse' ? 'lifecycle-refused' : 'done'
      if (request === 'reset' && answer === 'done')
        this.#guest = Object.assign(this.#guest, { lost: this.#guest.lost || !this.#guest.spoke, spoke: false })
      state = after(state, request)
      return answer
    })
    const files = requests.map(() => this.#newFile())
    const answers = await Promise.all(requests.map((request, at) => answerOf(perform(vm, request, files[at] as StateFile))))
    if (overtaken) {
      expect(['stopped', 'suspended'], this.#told()).toContain(vm.state)
      for (const answer of answers) expect(['done', 'lifecycle-refused', 'vm-exited'], this.#told()).toContain(answer)
    } else {
      expect(answers, this.#told()).toEqual(expected)
      expect(vm.state, this.#told()).toBe(state)
    }
    this.#keep(vm, requests, answers, files)
  }

  async #kill(vm: VirtualMachine, during: VmRequest | null, victim: number): Promise<void> {
    this.#story.push(`${vm.state}: process ${victim} killed${during === null ? '' : ` during ${during}`}`)
    const before = vm.state
    const file = this.#newFile()
    const asked = during === null ? null : answerOf(perform(vm, during, file))
    process.kill(victim, 'SIGKILL')
    await vm.exited
    // What was asked for and then done is not undone by the death of the process.
    const outcomes: readonly VmState[] = during === 'stop' || during === 'suspend' ? ['failed', after(before, during)] : ['failed']
    expect(outcomes, this.#told()).toContain(vm.state)
    const answer = await asked
    if (during === null || answer === null) return
    const allowed = lifecycle[before][during] === 'refuse' ? ['lifecycle-refused'] : ['done', 'vm-exited', 'lifecycle-refused', 'suspend-failed']
    expect(allowed, this.#told()).toContain(answer)
    if (during === 'suspend') expect(answer === 'done', this.#told()).toBe(vm.state === 'suspended')
    this.#keep(vm, [during], [answer], [file])
  }

  /** A guest that is said to run does. */
  async #listen(vm: VirtualMachine, state: VmState): Promise<void> {
    if (state !== 'running' || this.#guest.lost) return
    const before = this.#guest.said.length
    await vi.waitFor(() => expect(this.#guest.said.length, this.#told()).toBeGreaterThan(before), { timeout: 60_000, interval: 5 })
    expect(vm.state, this.#told()).toBe('running')
  }

  #follow(vm: VirtualMachine, cold: boolean): void {
    this.#guest = { said: '', spoke: !cold && this.#guest.spoke, lost: !cold && this.#guest.lost }
    const guest = this.#guest
    vm.on('serial', (bytes) => {
      guest.said += Buffer.from(bytes).toString('latin1')
      guest.spoke = true
    })
  }

  /** Its path, where the last life was suspended. */
  #suspendedFile(): readonly string[] {
    return this.#suspended === undefined ? [] : [this.#suspended.path]
  }

  #newFile(): StateFile {
    this.#files += 1
    return { path: join(this.#subject.folder, `state-${this.#files}`), key: randomBytes(32), binding: 'random' }
  }

  #keep(vm: VirtualMachine, requests: readonly VmRequest[], answers: readonly string[], files: readonly StateFile[]): void {
    if (vm.state !== 'suspended') return
    const at = requests.findIndex((request, index) => request === 'suspend' && answers[index] === 'done')
    this.#suspended ??= files[at]
  }

  #told(): string {
    return this.#story.join('; ')
  }
}

const isOver = (state: VmState): boolean => state === 'suspended' || state === 'stopped' || state === 'failed'

/** By the table; where it refuses, the same. */
function after(state: VmState, request: VmRequest): VmState {
  const step = lifecycle[state][request]
  return step === 'stay' || step === 'refuse' ? state : step
}

/** `done`, or the code of the refusal. */
function answerOf(asked: Promise<void>): Promise<string> {
  return asked.then(
    () => 'done',
    (error: unknown) => (error instanceof EngineError ? error.code : String(error)),
  )
}
