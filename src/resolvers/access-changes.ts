import { access } from '../rules/access.ts'
import { AccessChangeConnection } from '../schema/access-history.ts'
import { builder } from '../schema/builder.ts'
import { accessHistory } from '../store/access-history.ts'
import { latestFirst } from './newest-first.ts'

builder.queryField('accessChanges', (t) =>
  t.field({
    type: AccessChangeConnection,
    nullable: true,
    extensions: access(['admin']),
    description: 'What changed in what keys may do, over all accounts, last recorded first.',
    args: {
      first: t.arg.int(),
      after: t.arg.string(),
      accountId: t.arg.id({ description: 'Of this account alone.' }),
    },
    resolve: (_root, { accountId, ...page }, { deps }) =>
      latestFirst(
        {
          collection: accessHistory(deps.db),
          wanted: accountId == null ? {} : { accountId },
          ...{ name: 'change', id: /^key_\w{1,32}:\d{1,9}$/, by: 'recordedAt' },
          dateOf: ({ recordedAt }) => recordedAt,
        },
        page,
      ),
  }),
)
