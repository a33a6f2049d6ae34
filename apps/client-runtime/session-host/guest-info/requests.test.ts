// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encoded, lineBytes, RequestLines, readRequest } from './requests.ts'
import { shown } from './shown.ts'

const maxBytes = 9
const read = (line: string) => readRequest(Buffer.from(line, 'latin1'), maxBytes)

describe('a line of a guest', () => {
  it.each([
    ['LIST', { op: 'list' }],
    ['LIST\r', { op: 'list' }],
    ['GET site', { op: 'get', name: 'site' }],
    [`SET ready ${encoded('é1234567')}`, { op: 'set', name: 'ready', value: 'é1234567' }],
    [`SET ready ${encoded('123456789')}`, { op: 'set', name: 'ready', value: '123456789' }],
  ])('is a request: %j', (line, request) => expect(read(line)).toEqual(request))

  it.each([
    ['malformed', ''],
    ['malformed', 'list'],
    ['malformed', 'LIST '],
    ['malformed', 'LIST site'],
    ['malformed', 'GET'],
    ['malformed', 'GET Site'],
    ['malformed', 'GET guestinfo/site'],
    ['malformed', `GET ${'x'.repeat(65)}`],
    ['malformed', 'GET site '],
    ['malformed', 'GET  site'],
    ['malformed', 'SET ready'],
    ['malformed', 'SET ready '],
    ['malformed', 'SET ready eQ'],
    ['malformed', 'SET ready eR=='],
    ['malformed', 'SET ready e-Q='],
    ['malformed', 'SET ready eQ== eQ=='],
    ['not-text', `SET ready ${Buffer.of(0xff).toString('base64')}`],
    ['not-text', `SET ready ${Buffer.of(0xed, 0xa0, 0x80).toString('base64')}`],
    ['too-large', `SET ready ${encoded('1234567890')}`],
  ])('is refused as `%s`: %j', (code, line) => expect(read(line)).toBe(code))

  it('is a request that it spells itself, or is refused, whatever its bytes', () => {
    const likely = fc.constantFrom('LIST', 'GET ', 'SET ', 'site', ' ', 'eQ==', '\r', '\0')
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
      fc.array(likely, { maxLength: 6 }).map((parts) => Buffer.from(parts.join(''), 'latin1')),
    )
    fc.assert(
      fc.property(bytes, (line) => {
        const request = readRequest(line, maxBytes)
        if (typeof request === 'string') return
        const again = request.op === 'list' ? 'LIST' : request.op === 'get' ? `GET ${request.name}` : `SET ${request.name} ${encoded(request.value)}`
        expect(line.toString('latin1').replace(/\r$/, '')).toBe(again)
      }),
      { seed: 20, numRuns: 2000 },
    )
  })
})

describe('the lines of a connection', () => {
  it('are the same in whatever pieces they come, and none is longer than may be', () => {
    const most = lineBytes(maxBytes)
    const whole = Buffer.from(`LIST\nSET ready ${encoded('yes')}\r\n\n${'x'.repeat(most)}\nrest`)
    const expected = whole.toString().split('\n').slice(0, -1)
    fc.assert(
      fc.property(fc.array(fc.nat({ max: whole.length })), (cuts) => {
        const places = [0, ...cuts.sort((one, other) => one - other), whole.length]
        const lines = new RequestLines()
        const parts = places.slice(1).map((end, index) => lines.take(whole.subarray(places[index], end), most))
        expect(parts.flatMap((part) => part.lines.map(String))).toEqual(expected)
        expect(parts.some((part) => part.tooLong)).toBe(false)
      }),
      { seed: 20 },
    )
    expect(new RequestLines().take(Buffer.from(`LIST\n${'x'.repeat(most + 1)}`), most)).toEqual({ lines: [Buffer.from('LIST')], tooLong: true })
    expect(new RequestLines().take(Buffer.from(`${'x'.repeat(most + 1)}\nLIST\n`), most)).toEqual({ lines: [], tooLong: true })
  })
})

describe('a value of a guest, shown', () => {
  it('is one line that steers nothing, and is cut', () => {
    expect(shown('héllo 世界 🙂')).toBe('héllo 世界 🙂')
    expect(shown('a\u001b[2J\n\u0085\u202e\u2028\\')).toBe('a\\u{1b}[2J\\u{a}\\u{85}\\u{202e}\\u{2028}\\u{5c}')
    expect(shown('x'.repeat(300))).toBe(`${'x'.repeat(200)}...`)
  })
})
