'use client'
// SPDX-License-Identifier: Apache-2.0
import { Button, Checkbox, Group, NativeSelect, NumberInput, Stack, Text, TextInput } from '@mantine/core'
import { asSchema, labelOf, optionalMembers, requiredMembers, sampleOf, unwrapNull, type ValueSchema, variantsOf } from './value-schema.ts'

export interface ValueEditorProps {
  readonly schema: ValueSchema
  readonly value: unknown
  readonly label: string
  readonly onChange: (value: unknown) => void
  /** Values to start a variant with, where they fit it. */
  readonly start?: unknown
}

/** The editor of a value by the kind that its schema says. */
export function ValueEditor({ schema: given, value, label, onChange, start }: ValueEditorProps) {
  const { inner: schema, nullable } = unwrapNull(given)
  const about = (given.description ?? schema.description)?.replaceAll('`', '')
  if (schema.const !== undefined) return null
  if (variantsOf(schema) !== null) return <VariantEditor schema={schema} value={value} label={label} onChange={onChange} start={start} />
  if (schema.enum !== undefined) {
    return (
      <NativeSelect
        {...{ label, description: about, data: schema.enum.map(String), value: String(value) }}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    )
  }
  if (schema.prefixItems !== undefined) return <RangeEditor value={value} nullable={nullable} onChange={onChange} />
  if (schema.type === 'array') return <ListEditor schema={asSchema(schema.items)} value={value} label={label} onChange={onChange} />
  if (schema.properties !== undefined) return <MembersEditor schema={schema} value={value} label={label} onChange={onChange} />
  if (schema.type === 'boolean') {
    return (
      <Checkbox {...{ label, description: about, checked: value === true, pt: 'xs' }} onChange={(event) => onChange(event.currentTarget.checked)} />
    )
  }
  if (schema.type === 'integer') {
    return (
      <NumberInput
        {...{ label, allowDecimal: false, hideControls: true, value: typeof value === 'number' ? value : '' }}
        placeholder={nullable ? 'no limit' : 'a number'}
        description={[about ?? [], `${schema.minimum ?? 0} to ${schema.maximum ?? 'any'}${nullable ? '; empty: no limit' : ''}`].flat().join('; ')}
        onChange={(next) => onChange(typeof next === 'number' ? next : null)}
      />
    )
  }
  return (
    <TextInput
      {...{ label, description: about, type: schema.format === 'date' ? 'date' : 'text', value: typeof value === 'string' ? value : '' }}
      placeholder={label === 'Address block' ? '192.0.2.0/24' : ''}
      onChange={({ currentTarget }) => onChange(nullable && currentTarget.value === '' ? null : currentTarget.value)}
    />
  )
}

function VariantEditor({ schema, value, label, onChange, start }: ValueEditorProps) {
  const found = variantsOf(schema)
  if (found === null) return null
  const { member, variants } = found
  const chosen = String(memberOf(value, member))
  const variant = variants.find((one) => one.value === chosen)
  const choose = (next: string) => {
    const other = variants.find((one) => one.value === next)
    onChange(memberOf(start, member) === next ? start : sampleOf(other?.schema ?? {}))
  }
  return (
    <Stack gap="xs">
      <NativeSelect
        label={label}
        data={variants.map((one) => one.value)}
        value={chosen}
        onChange={(event) => choose(event.currentTarget.value)}
        maw="20rem"
      />
      {variant === undefined ? null : <MembersEditor schema={variant.schema} value={value} label={label} onChange={onChange} />}
    </Stack>
  )
}

/** The members of an object: those that it must have, those that it has besides, and a choice of those that it may have. */
export function MembersEditor({ schema, value, label, onChange }: ValueEditorProps) {
  const record = recordOf(value)
  const required = requiredMembers(schema).filter(([, member]) => member.const === undefined)
  const optional = optionalMembers(schema)
  const absent = optional.filter(([name]) => record[name] === undefined)
  const shown = [...required, ...optional.filter(([name]) => record[name] !== undefined)]
  const without = (name: string) => onChange(Object.fromEntries(Object.entries(record).filter(([other]) => other !== name)))
  return (
    <>
      {shown.length === 0 ? null : (
        <Group align="flex-start" gap="sm">
          {shown.map(([name, member]) => (
            <div key={name} style={{ flex: isWide(member) ? '1 1 100%' : '1 1 9rem', maxWidth: '100%' }}>
              {unwrapNull(member).inner.properties === undefined ? null : (
                <Text size="sm" fw={500}>
                  {labelOf(name)}
                </Text>
              )}
              <ValueEditor schema={member} value={record[name]} label={labelOf(name)} onChange={(next) => onChange({ ...record, [name]: next })} />
              {required.some(([other]) => other === name) ? null : (
                <Button variant="subtle" color="gray" size="compact-xs" mt={4} onClick={() => without(name)}>
                  Without {labelOf(name).toLowerCase()}
                </Button>
              )}
            </div>
          ))}
        </Group>
      )}
      {absent.length === 0 ? null : (
        <NativeSelect
          aria-label={`Add to ${label.toLowerCase()}`}
          maw="14rem"
          size="xs"
          value=""
          data={[{ value: '', label: `Add to ${label.toLowerCase()}…` }, ...absent.map(([name]) => ({ value: name, label: labelOf(name) }))]}
          onChange={({ currentTarget }) => {
            const chosen = absent.find(([name]) => name === currentTarget.value)
            if (chosen !== undefined) onChange({ ...record, [chosen[0]]: sampleOf(chosen[1]) })
          }}
        />
      )}
    </>
  )
}

/** Lists and objects stand on lines of their own. */
function isWide(schema: ValueSchema): boolean {
  const { inner } = unwrapNull(schema)
  return inner.properties !== undefined || (inner.type === 'array' && inner.prefixItems === undefined)
}

function ListEditor({ schema, value, label, onChange }: ValueEditorProps) {
  const items: readonly unknown[] = Array.isArray(value) ? value : []
  return (
    <Stack gap="sm">
      {items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the place in the list is what names an item here
        <Group key={index} align="flex-end" gap="sm">
          <div style={{ flex: '1 1 14rem' }}>
            <ValueEditor
              schema={schema}
              value={item}
              label={label}
              onChange={(next) => onChange(items.map((old, at) => (at === index ? next : old)))}
            />
          </div>
          <Button variant="subtle" color="gray" onClick={() => onChange(items.filter((_, at) => at !== index))}>
            Remove
          </Button>
        </Group>
      ))}
      <Group>
        <Button variant="default" size="xs" onClick={() => onChange([...items, sampleOf(schema)])}>
          Add to {label.toLowerCase()}
        </Button>
      </Group>
    </Stack>
  )
}

function RangeEditor({
  value,
  nullable,
  onChange,
}: {
  readonly value: unknown
  readonly nullable: boolean
  readonly onChange: (value: unknown) => void
}) {
  const [from, to]: readonly unknown[] = Array.isArray(value) ? value : []
  const change = (next: readonly [unknown, unknown]) => onChange(nullable && next.every((port) => typeof port !== 'number') ? null : next)
  const one = (label: string, port: unknown, onPort: (port: unknown) => void) => (
    <NumberInput
      {...{ label, hideControls: true, allowDecimal: false, placeholder: 'every', value: typeof port === 'number' ? port : '' }}
      style={{ flex: '1 1 5rem' }}
      onChange={(next) => onPort(typeof next === 'number' ? next : null)}
    />
  )
  return (
    <Group gap="xs" wrap="nowrap" align="flex-end">
      {one('Ports from', from, (port) => change([port, typeof to === 'number' ? to : port]))}
      {one('to', to, (port) => change([typeof from === 'number' ? from : port, port]))}
    </Group>
  )
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : {}
const memberOf = (value: unknown, name: string): unknown => recordOf(value)[name]
