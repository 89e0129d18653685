import {
  type DocumentNode,
  type ExecutionArgs,
  type FragmentDefinitionNode,
  type GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  type OperationDefinitionNode,
} from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { NoAccount } from '../callers/no-account.ts'
import { rolesOf } from '../callers/ownership.ts'
import type { Caller, Context } from '../context.ts'
import { ApiError } from '../errors.ts'
import { accessOf, type FieldAccess } from '../rules/access.ts'
import { type RootField, rootFields } from '../rules/root-fields.ts'

/** A root response key with what its field declares. */
export interface AdmittedField extends RootField {
  access: FieldAccess
}

export interface AccessOptions {
  /** Outside production `__schema`, `__type` and `__typename` need no caller. */
  openIntrospection: boolean
}

interface Prepared {
  operation: OperationDefinitionNode
  fragments: ReadonlyMap<string, FragmentDefinitionNode>
}

const admitted = new WeakMap<object, readonly AdmittedField[]>()
const preparedByDocument = new WeakMap<DocumentNode, Map<string | undefined, Prepared>>()

/**
 * The root response keys of an operation that passed `useAccess`, for whoever meters it. Introspection
 * fields are not among them.
 * @param args the execution arguments that `onExecute` and `onSubscribe` receive
 */
export function rootFieldsOf(args: object): readonly AdmittedField[] {
  const fields = admitted.get(args)
  if (!fields) throw new Error('useAccess must run before whoever asks for the root fields')
  return fields
}

/**
 * Checks every root field's declared `access` against the caller before anything executes: whole or
 * not at all. In `onExecute` and `onSubscribe`, because only these run for HTTP, SSE and WebSocket
 * alike. Variables are coerced here first, so that a wrong one costs nothing.
 */
export function useAccess(options: AccessOptions): Plugin<Context> {
  const admit = ({
    args,
    setResultAndStopExecution,
  }: {
    args: ExecutionArgs
    setResultAndStopExecution(result: { errors: readonly GraphQLError[] }): void
  }): undefined => {
    const { operation, fragments } = prepare(args.document, args.operationName ?? undefined)
    const variables = coerce(args, operation)
    if ('errors' in variables) {
      setResultAndStopExecution(variables)
      return
    }
    const { caller } = args.contextValue as Context
    const rootType = (args.schema as GraphQLSchema).getRootType(operation.operation)
    if (!rootType) throw new ApiError('BAD_USER_INPUT', `There is no ${operation.operation} here.`)
    const fields: AdmittedField[] = []
    for (const field of rootFields(operation, fragments, variables.values, rootType)) {
      if (field.fieldName.startsWith('__')) {
        if (!options.openIntrospection && caller.kind === 'anonymous') throw unauthenticated()
        if (caller.kind === 'newcomer') throw noAccount(caller)
        continue
      }
      const access = accessOf(rootType.getFields()[field.fieldName]?.extensions ?? {})
      if (!access) throw new Error(`${field.fieldName} declares no access`)
      checkAccess(caller, field.fieldName, access)
      fields.push({ ...field, access })
    }
    admitted.set(args, fields)
  }
  return { onExecute: admit, onSubscribe: admit } as Plugin<Context>
}

/** @throws ApiError UNAUTHENTICATED or FORBIDDEN */
function checkAccess(caller: Caller, fieldName: string, access: FieldAccess): void {
  if (caller.kind === 'anonymous') throw unauthenticated()
  if (!rolesOf(caller).some((role) => access.callers.includes(role))) {
    if (caller.kind === 'newcomer') throw noAccount(caller)
    throw new ApiError('FORBIDDEN', `${fieldName} is not open to ${nameOf[caller.kind]}.`)
  }
  if (access.units > 0 && caller.kind === 'account' && !caller.payer) {
    throw new ApiError(
      'FORBIDDEN',
      `${fieldName} is metered: name the API key of your account that pays in the header X-Api-Key-Id.`,
    )
  }
}

const nameOf = { apiKey: 'an API key', account: 'a bearer token', admin: 'the admin key' } as const

/** What every such token hears where nobody may sign up. */
function noAccount({ userId, validUntil }: Extract<Caller, { kind: 'newcomer' }>): ApiError {
  return new NoAccount(userId, validUntil)
}

function unauthenticated(): ApiError {
  return new ApiError(
    'UNAUTHENTICATED',
    'Present an API key in X-Api-Key, or a bearer token in Authorization.',
  )
}

function prepare(document: DocumentNode, operationName: string | undefined): Prepared {
  const byName = preparedByDocument.get(document) ?? new Map<string | undefined, Prepared>()
  const known = byName.get(operationName)
  if (known) return known
  const fragments = new Map<string, FragmentDefinitionNode>()
  const operations: OperationDefinitionNode[] = []
  for (const node of document.definitions) {
    if (node.kind === 'FragmentDefinition') fragments.set(node.name.value, node)
    if (node.kind === 'OperationDefinition') operations.push(node)
  }
  const chosen =
    operationName === undefined
      ? operations.length === 1 && operations[0]
      : operations.find(({ name }) => name?.value === operationName)
  // A wrong name is not remembered: names come from clients and would fill the map.
  if (!chosen) throw new ApiError('BAD_USER_INPUT', 'operationName names no operation to execute.')
  const prepared = { operation: chosen, fragments }
  preparedByDocument.set(document, byName.set(operationName, prepared))
  return prepared
}

function coerce(
  args: ExecutionArgs,
  operation: OperationDefinitionNode,
): { errors: readonly GraphQLError[] } | { values: Readonly<Record<string, unknown>> } {
  const definitions = operation.variableDefinitions
  if (!definitions?.length) return { values: {} }
  const result = getVariableValues(args.schema, definitions, args.variableValues ?? {}, {
    maxErrors: 10,
    hideSuggestions: true,
  })
  return result.errors ? { errors: result.errors } : { values: result.variableValues.coerced }
}
