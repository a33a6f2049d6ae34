// SPDX-License-Identifier: Apache-2.0
//
// XML with namespaces as a small tree. The parser knows the five entities of XML and no others; a document type, which could declare
// some, is refused, and so is what is too long or too deep.
import { type SaxesAttributeNS, SaxesParser } from 'saxes'
import { invalid, quote } from './refusal.ts'

export const mostXmlBytes = 1_048_576
const mostDepth = 64

export interface XmlElement {
  readonly namespace: string
  readonly name: string
  readonly attributes: readonly SaxesAttributeNS[]
  readonly children: readonly XmlElement[]
  /** Its own text, without that of its children. */
  readonly text: string
}

interface OpenElement extends XmlElement {
  readonly children: XmlElement[]
  text: string
}

/** @throws PackageError `appliance-invalid` */
export function parseXml(bytes: Uint8Array): XmlElement {
  if (bytes.length > mostXmlBytes) throw invalid(`expected a descriptor of at most ${mostXmlBytes} bytes, found ${bytes.length}`)
  const root: OpenElement = { namespace: '', name: '', attributes: [], children: [], text: '' }
  const open: OpenElement[] = [root]
  const addText = (text: string) => {
    const top = open.at(-1)
    if (top !== undefined) top.text += text
  }
  const parser = new SaxesParser({ xmlns: true, defaultXMLVersion: '1.0', forceXMLVersion: true })
  parser.on('error', (error) => {
    throw invalid(`expected a descriptor in XML, found ${quote(error.message)}`, error)
  })
  parser.on('doctype', () => {
    throw invalid('expected a descriptor without a document type, found one')
  })
  parser.on('opentag', ({ uri, local, attributes }) => {
    const element: OpenElement = { namespace: uri, name: local, attributes: Object.values(attributes), children: [], text: '' }
    if (open.length > mostDepth) throw invalid(`expected at most ${mostDepth} elements within each other`)
    open.at(-1)?.children.push(element)
    open.push(element)
  })
  parser.on('closetag', () => void open.pop())
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.write(decode(bytes)).close()
  const [document] = root.children
  if (document === undefined) throw invalid('expected a descriptor in XML, found no element')
  return document
}

/** The only encoding that is taken, whatever the document calls its own. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw invalid('expected a descriptor in UTF-8, found other bytes', cause)
  }
}
