'use client'
// SPDX-License-Identifier: Apache-2.0
import { AppShell, AppShellHeader, AppShellMain, AppShellNavbar, Badge, Burger, Group, NavLink, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import type { ReactNode } from 'react'
import type { Right } from '../../src/access/actor.ts'
import { CustodyBadge } from './custody-badge.tsx'
import { isBelow, navigation } from './navigation.ts'
import { UserMenu } from './user-menu.tsx'

export interface FrameProps {
  readonly organisation: string
  /** Words are shown in single-operator custody only. */
  readonly custody: { readonly mode: string; readonly words: readonly string[] }
  readonly user: { readonly login: string; readonly name: string; readonly rights: readonly Right[] }
  /** Versions that wait for approval; null: this user may not see them. */
  readonly waiting: number | null
  readonly children: ReactNode
}

/** Head, navigation, page. */
export function Frame({ organisation, custody, user, waiting, children }: FrameProps) {
  const [opened, { toggle, close }] = useDisclosure()
  const path = usePathname()
  return (
    <AppShell header={{ height: 54 }} navbar={{ width: 208, breakpoint: 'sm', collapsed: { mobile: !opened } }} padding={{ base: 'md', sm: 'lg' }}>
      <a href="#page" className="skip">
        Skip to the page
      </a>
      <AppShellHeader className="bar">
        <Group h="100%" px={{ base: 'sm', sm: 'md' }} gap="xs" wrap="nowrap">
          <Burger opened={opened} onClick={toggle} hiddenFrom="sm" size="sm" aria-label={opened ? 'Close navigation' : 'Open navigation'} />
          <Group gap="xs" visibleFrom="xs" wrap="nowrap">
            <Link href="/" className="brand">
              Casemate
            </Link>
            <Text c="dimmed" aria-hidden>
              /
            </Text>
          </Group>
          <Text truncate fw={550} size="sm" style={{ minWidth: 0, flex: 1 }}>
            {organisation}
          </Text>
          {custody.mode === 'single-operator' ? <CustodyBadge words={custody.words} /> : null}
          <UserMenu login={user.login} name={user.name} />
        </Group>
      </AppShellHeader>
      <AppShellNavbar className="bar" p="xs" aria-label="Pages">
        {navigation
          .filter(({ right }) => right === undefined || user.rights.includes(right))
          .map(({ href, label }) => (
            <NavLink
              key={href}
              component={Link}
              href={href}
              label={label}
              py={7}
              active={isBelow(path, href)}
              aria-current={isBelow(path, href) ? 'page' : undefined}
              onClick={close}
              style={{ borderRadius: 5 }}
              rightSection={href === '/approvals' && waiting !== null && waiting > 0 ? <Count of={waiting} /> : undefined}
            />
          ))}
      </AppShellNavbar>
      <AppShellMain id="page" maw="82rem">
        {children}
      </AppShellMain>
    </AppShell>
  )
}

function Count({ of }: { readonly of: number }) {
  return (
    <Badge size="sm" circle variant="filled" aria-label={`${of} waiting`}>
      {of}
    </Badge>
  )
}
