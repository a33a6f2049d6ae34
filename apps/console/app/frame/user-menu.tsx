'use client'
// SPDX-License-Identifier: Apache-2.0
import {
  Button,
  Menu,
  MenuDivider,
  MenuDropdown,
  MenuItem,
  MenuLabel,
  MenuTarget,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core'
import { signOut } from 'next-auth/react'

export function UserMenu({ login, name }: { readonly login: string; readonly name: string }) {
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light', { getInitialValueInEffect: true })
  const other = scheme === 'dark' ? 'light' : 'dark'
  return (
    <Menu position="bottom-end" shadow="md" width={200}>
      <MenuTarget>
        <Button variant="subtle" color="gray" size="compact-sm" style={{ flexShrink: 0 }} aria-label={`Account of ${name}`}>
          {login}
        </Button>
      </MenuTarget>
      <MenuDropdown>
        <MenuLabel>Signed in as {name}</MenuLabel>
        <MenuItem onClick={() => setColorScheme(other)}>Use the {other} look</MenuItem>
        <MenuDivider />
        <MenuItem onClick={() => void signOut({ callbackUrl: '/sign-in' })}>Sign out</MenuItem>
      </MenuDropdown>
    </Menu>
  )
}
