// SPDX-License-Identifier: Apache-2.0
import { TableTh, TableThead, TableTr } from '@mantine/core'

/** The titles of a table's columns; an empty one heads buttons. */
export function TableHead({ titles }: { readonly titles: readonly string[] }) {
  return (
    <TableThead>
      <TableTr>
        {titles.map((title) => (
          <TableTh key={title}>{title}</TableTh>
        ))}
      </TableTr>
    </TableThead>
  )
}
