// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { GuestClock } from './browser-globals.ts'
import { HeldCpu } from './cpu.ts'

function setUp() {
  let now = 1000
  let running = false
  const clock = new GuestClock(() => now)
  const emulator = {
    run: async () => {
      running = true
    },
    stop: async () => {
      now += 5
      running = false
    },
    is_running: () => running,
  }
  return { cpu: new HeldCpu(emulator, clock), clock, isRunning: () => running, pass: (ms: number) => (now += ms) }
}

describe('a held CPU', () => {
  it('runs once nothing holds it, and stands still for any one reason', async () => {
    const { cpu, isRunning } = setUp()
    expect(isRunning()).toBe(false)
    await cpu.release('user')
    expect(isRunning()).toBe(true)
    await Promise.all([cpu.hold('disk'), cpu.hold('user')])
    expect(isRunning()).toBe(false)
    await cpu.release('user')
    expect(isRunning()).toBe(false)
    await cpu.release('disk')
    expect(isRunning()).toBe(true)
  })

  it('follows the last wish when they come at once', async () => {
    const { cpu, isRunning } = setUp()
    await Promise.all([cpu.release('user'), cpu.hold('user'), cpu.release('user')])
    expect(isRunning()).toBe(true)
    await Promise.all([cpu.hold('user'), cpu.release('user'), cpu.hold('user')])
    expect(isRunning()).toBe(false)
  })

  it('takes the time of its guest with it', async () => {
    const { cpu, clock, pass } = setUp()
    pass(50)
    expect(clock.now()).toBe(0)
    await cpu.release('user')
    pass(30)
    expect(clock.now()).toBe(30)
    await cpu.hold('user')
    pass(10_000)
    expect(clock.now()).toBe(35)
    clock.set(7000)
    await cpu.release('user')
    pass(1)
    expect(clock.now()).toBe(7001)
  })
})
