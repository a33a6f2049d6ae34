// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest'
import { knownAddress } from './address.ts'
import { MAX_ADDRESSES, MAX_ADDRESSES_OF_RULE, NameTable } from './name-table.ts'

const address = (index: number) => Uint8Array.of(10, index >> 16, (index >> 8) & 255, index & 255)

describe('an address', () => {
  it('is open by its name until its time is over, and known by it afterwards', () => {
    let now = 0
    const table = new NameTable(() => now)
    table.tell(knownAddress('192.0.2.1'), 'example.com', 'example.com', 100)
    table.tell(knownAddress('192.0.2.1'), 'www.example.com', '*.example.com', 200)
    expect([table.live(knownAddress('192.0.2.1')), table.open]).toEqual([['example.com', 'www.example.com'], 1])
    expect(table.live(knownAddress('192.0.2.2'))).toEqual([])
    now = 100
    expect([table.live(knownAddress('192.0.2.1')), table.open]).toEqual([['www.example.com'], 1])
    now = 200
    expect([table.live(knownAddress('192.0.2.1')), table.open]).toEqual([[], 0])
    expect(table.known(knownAddress('192.0.2.1'))).toEqual(['example.com', 'www.example.com'])
  })

  it('is told again without shortening its time', () => {
    let now = 0
    const table = new NameTable(() => now)
    table.tell(knownAddress('192.0.2.1'), 'example.com', 'example.com', 200)
    table.tell(knownAddress('192.0.2.1'), 'example.com', 'example.com', 100)
    now = 150
    expect(table.live(knownAddress('192.0.2.1'))).toEqual(['example.com'])
  })
})

describe('what is kept', () => {
  it('is bounded for each rule: its oldest address goes first, and another rule keeps its own', () => {
    const table = new NameTable(() => 0)
    table.tell(knownAddress('192.0.2.1'), 'example.org', 'example.org', 1)
    for (let index = 0; index < MAX_ADDRESSES_OF_RULE + 1; index++) table.tell(address(index), 'a.example.com', '*.example.com', 1)
    expect(table.open).toBe(MAX_ADDRESSES_OF_RULE + 1)
    expect([table.live(address(0)), table.live(address(1)).length, table.live(knownAddress('192.0.2.1')).length]).toEqual([[], 1, 1])
  })

  it('is bounded altogether', () => {
    const table = new NameTable(() => 0)
    for (let index = 0; index < MAX_ADDRESSES + 50; index++) table.tell(address(index), 'a.com', `rule${index % 100}.com`, 1)
    expect(table.open).toBe(MAX_ADDRESSES)
  })
})
