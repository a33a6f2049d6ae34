// SPDX-License-Identifier: Apache-2.0
import { catalogue, settingNames } from '@casemate/policy/settings'
import { expect, it } from 'vitest'
import { conditionForm, settingForms } from './setting-forms.ts'
import { asSchema, labelOf, optionalMembers, sampleOf, unwrapNull, type ValueSchema, variantsOf } from './value-schema.ts'

/** Whether the form has an editor for every part of a schema. */
function isEditable(given: ValueSchema): boolean {
  const { inner: schema } = unwrapNull(given)
  const variants = variantsOf(schema)?.variants
  if (variants !== undefined) return variants.every((variant) => isEditable(variant.schema))
  if (schema.prefixItems !== undefined) return schema.prefixItems.every((item) => isEditable(asSchema(item)))
  if (schema.type === 'array') return isEditable(asSchema(schema.items))
  if (schema.properties !== undefined) return Object.values(schema.properties).every((member) => isEditable(asSchema(member)))
  return schema.const !== undefined || schema.enum !== undefined || ['integer', 'string', 'boolean'].includes(schema.type ?? '')
}

it('has an editor for every setting of the catalogue', () => {
  const forms = settingForms()
  expect(forms.map(({ name }) => name)).toEqual(settingNames)
  expect(forms.filter(({ schema }) => !isEditable(schema)).map(({ name }) => name)).toEqual([])
  expect(isEditable({ type: 'object' })).toBe(false)
})

it('starts every setting at a value that its own schema accepts', () => {
  for (const { name, default: standing } of settingForms()) {
    const value = settingNames.find((known) => known === name)
    expect(value !== undefined && catalogue[value].value.safeParse(standing).success, name).toBe(true)
  }
})

it('makes a first value of each variant: only an address block is left for people to write', () => {
  const network = settingForms().find(({ name }) => name === 'network')
  const listed = variantsOf(network?.schema ?? {})?.variants.find(({ value }) => value === 'listed')
  expect(sampleOf(listed?.schema ?? {})).toEqual({ mode: 'listed', allow: [] })
  const allow = asSchema(listed?.schema.properties?.allow)
  expect(sampleOf(asSchema(allow.items))).toEqual({ protocol: 'tcp', cidr: '', ports: null })
  const password = variantsOf(settingForms().find(({ name }) => name === 'authentication')?.schema ?? {})?.variants[1]
  expect(catalogue.authentication.value.safeParse(sampleOf(password?.schema ?? {})).success).toBe(true)
  expect(sampleOf(settingForms().find(({ name }) => name === 'snapshots')?.schema ?? {})).toEqual({ take: false, revert: false })
})

it('makes a condition out of its members, each with an editor, none of them there at first', () => {
  const form = conditionForm()
  expect(isEditable(form)).toBe(true)
  expect(sampleOf(form)).toEqual({})
  expect(optionalMembers(form).map(([name, member]) => [name, sampleOf(member)])).toEqual([
    ['groups', ['']],
    ['tags', ['']],
    ['assurance', ['software']],
    ['runtimeVersion', {}],
    ['network', ['']],
    ['time', {}],
  ])
  const weekly = optionalMembers(optionalMembers(form).find(([name]) => name === 'time')?.[1] ?? {}).find(([name]) => name === 'weekly')
  expect(sampleOf(weekly?.[1] ?? {})).toEqual({ days: ['mon'], from: '', to: '', utcOffset: '' })
})

it('writes the members of a value as words', () => {
  expect(['maxTextBytes', 'maxMiB', 'lockMinutes', 'cidr'].map(labelOf)).toEqual(['Max text bytes', 'Max MiB', 'Lock minutes', 'Address block'])
})
