// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { drawText } from '../draw-text.ts'
import { RfbClient } from '../rfb-client.ts'
import { loadFont } from '../vga-font.ts'
import { type Listening, listen, type Peer, picture, rectangle, serverCutText, text, update } from './rfb-server.ts'

const font = await loadFont()
const screen = (...rows: string[]) => picture(drawText(font, { rows, cellWidth: 9 }))

async function connected(server: Listening, width = 720, height = 400): Promise<{ client: RfbClient; peer: Peer; said: string[] }> {
  const connecting = RfbClient.overUnixSocket(server.path)
  const peer = await server.peer
  const said = await peer.shakeHands(width, height)
  return { client: await connecting, peer, said }
}

/** Lets the server speak before the handshake is over and gives what the client makes of it. */
async function greetedWith(...parts: Uint8Array[]): Promise<RfbClient> {
  await using server = await listen()
  const connecting = RfbClient.overUnixSocket(server.path)
  const peer = await server.peer
  for (const part of parts) peer.send(part)
  return await connecting
}

const VERSION = Buffer.from('RFB 003.008\n')

describe('the handshake', () => {
  it('takes None, a shared desktop, 32-bit pixels, three encodings, and asks for the whole picture', async () => {
    await using server = await listen()
    const { client, said } = await connected(server)
    expect(client.name).toBe('desk')
    expect(said).toEqual([
      VERSION.toString('hex'),
      '01',
      '01',
      '00000000' + '20180001' + '00ff00ff00ff' + '100800' + '000000',
      '02000003' + '00000000' + 'ffffff21' + 'fffffefe',
      '0300' + '0000' + '0000' + '02d0' + '0190',
    ])
    client.close()
  })

  it('refuses another version', async () => {
    await expect(greetedWith(Buffer.from('RFB 003.003\n'))).rejects.toMatchObject({ code: 'protocol' })
  })

  it('refuses a server that offers a password only', async () => {
    await expect(greetedWith(VERSION, Buffer.from([1, 2]))).rejects.toMatchObject({ code: 'protocol' })
  })

  it('passes on why the server refuses', async () => {
    const refusal = greetedWith(VERSION, Buffer.from([0]), text('too many viewers'))
    await expect(refusal).rejects.toMatchObject({ code: 'refused', message: 'the server refuses: too many viewers' })
  })

  it('fails when nobody listens', async () => {
    await expect(RfbClient.overUnixSocket('/nonexistent/rfb')).rejects.toMatchObject({ code: 'refused' })
  })
})

describe('the picture', () => {
  it('is read as text once an update has painted it', async () => {
    await using server = await listen()
    const { client, peer } = await connected(server)
    peer.send(screen('', '  ready $ '))
    expect(await client.waitForText('ready $ ', 20_000)).toBe(`\n  ready $${'\n'.repeat(23)}`)
    expect(await peer.expect(10)).toBe('030100000000' + '02d00190')
    client.close()
  })

  it('takes parts of it, each at its place', async () => {
    await using server = await listen()
    const { client, peer } = await connected(server, 4, 2)
    peer.send(update(rectangle(0, 0, 4, 2, 0, Buffer.alloc(32)), rectangle(2, 1, 1, 1, 0, Buffer.from([0x33, 0x22, 0x11, 0xff]))))
    await once(client, 'update')
    expect([...client.frame.pixels]).toEqual([0, 0, 0, 0, 0, 0, 0x11_22_33, 0])
    client.close()
  })

  it('changes its size when the server says so, and asks for all of it again', async () => {
    await using server = await listen()
    const { client, peer } = await connected(server)
    peer.send(update(rectangle(0, 0, 640, 400, -223)))
    expect(await once(client, 'resize')).toEqual([640, 400])
    expect(await peer.expect(10)).toBe('030000000000' + '02800190')
    peer.send(picture(drawText(font, { rows: ['narrow'], cellWidth: 8 })))
    await client.waitForText('narrow', 20_000)
    client.close()
  })

  it.each([
    ['a rectangle that leaves the picture', update(rectangle(719, 0, 2, 1, 0, Buffer.alloc(8)))],
    ['an encoding it did not ask for', update(rectangle(0, 0, 1, 1, 5))],
    ['a message type that RFB does not have', Buffer.from([77])],
  ])('ends the connection over %s', async (_, message) => {
    await using server = await listen()
    const { client, peer } = await connected(server)
    const waiting = client.waitForText('anything', 20_000)
    peer.send(message)
    await expect(waiting).rejects.toMatchObject({ code: 'protocol' })
  })
})

describe('waitForText', () => {
  it('rejects at its limit with the text it saw', async () => {
    await using server = await listen()
    const { client, peer } = await connected(server)
    peer.send(screen('something else'))
    await client.waitForText('something else', 20_000)
    await expect(client.waitForText('ready', 1)).rejects.toMatchObject({ code: 'time-out', message: expect.stringContaining('something else') })
    client.close()
  })

  it('rejects at once when the server goes away', async () => {
    await using server = await listen()
    const { client } = await connected(server)
    const waiting = client.waitForText('ready', 60_000)
    server.hangUp()
    await expect(waiting).rejects.toMatchObject({ code: 'closed' })
  })
})

describe('keys and pointer', () => {
  it('goes as keysyms to a plain server, with shift where the keyboard needs it', async () => {
    await using server = await listen()
    const { client, peer } = await connected(server)
    const typing = client.typeText('A')
    expect(await peer.expect(32)).toBe('04010000' + '0000ffe1' + '04010000' + '00000041' + '04000000' + '00000041' + '04000000' + '0000ffe1')
    peer.send(screen('A'))
    await typing
    client.close()
  })

  it('goes as scan codes to a server that announces them', async () => {
    await using server = await listen()
    const { client, peer } = await connected(server)
    peer.send(update(rectangle(0, 0, 0, 0, -258)))
    await once(client, 'update')
    await peer.expect(10)
    const pressing = client.pressKey({ character: 'c' }, ['Control'])
    const control = '0000ffe3' + '0000001d'
    const c = '00000063' + '0000002e'
    expect(await peer.expect(48)).toBe(`ff000001${control}ff000001${c}ff000000${c}ff000000${control}`)
    peer.send(screen('^C'))
    await pressing
    client.close()
  })

  it('types the next character only after the screen has changed', async () => {
    await using server = await listen()
    const { client, peer } = await connected(server)
    const typing = client.typeText('ab')
    const order: string[] = []
    order.push(await peer.expect(16))
    peer.send(screen('a'))
    const request = await peer.expect(10)
    order.push(await peer.expect(16))
    peer.send(screen('ab'))
    await typing
    expect(request.slice(0, 4)).toBe('0301')
    expect(order).toEqual(['0401000000000061' + '0400000000000061', '0401000000000062' + '0400000000000062'])
    client.close()
  })

  it('refuses to type what the keyboard lacks', async () => {
    await using server = await listen()
    const { client } = await connected(server)
    await expect(client.typeText('ü')).rejects.toMatchObject({ code: 'key-unknown' })
    client.close()
  })

  it('sends the pointer with its buttons', async () => {
    await using server = await listen()
    const { client, peer } = await connected(server)
    client.pointer(300, 20, 1)
    expect(await peer.expect(6)).toBe('0501' + '012c' + '0014')
    client.close()
  })
})

describe('the clipboard', () => {
  it('goes both ways in Latin-1', async () => {
    await using server = await listen()
    const { client, peer } = await connected(server)
    client.sendCutText('päste')
    expect(await peer.expect(13)).toBe(`0600000000000005${Buffer.from('päste', 'latin1').toString('hex')}`)
    peer.send(serverCutText('cöpy'))
    expect(await once(client, 'cut-text')).toEqual(['cöpy'])
    client.close()
  })

  it('refuses a text of more than a mebibyte before it reads it', async () => {
    await using server = await listen()
    const { client, peer } = await connected(server)
    peer.send(Buffer.from('0300000000100001', 'hex'))
    expect(await once(client, 'closed')).toMatchObject([{ code: 'protocol' }])
  })
})
