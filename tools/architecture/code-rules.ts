import ts from 'typescript'
import { lineOf, walk } from './graph.js'
import { isHost, type Rule, roomOf } from './rooms.js'

const STORAGE_LANGUAGE =
  /\b(SELECT\s+[\w*"(]|INSERT\s+INTO\b|UPDATE\s[^;]*\sSET\b|DELETE\s+FROM\b|CREATE\s+(UNLOGGED\s+)?TABLE\b)|\bredis\.p?call\b/

export const storageLanguages: Rule = ({ file, source }) => {
  if (roomOf(file) === 'stores') return []
  return findings(file, source, (node) => {
    const isText = ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)
    return isText && STORAGE_LANGUAGE.test(node.getText()) ? 'speaks SQL or Lua' : undefined
  })
}

export const namedExports: Rule = ({ file, source }) =>
  findings(file, source, (node) => {
    const isDefault =
      ts.isExportAssignment(node) ||
      node.kind === ts.SyntaxKind.DefaultKeyword ||
      ((ts.isExportSpecifier(node) || ts.isNamespaceExport(node)) && node.name.text === 'default')
    return isDefault && !ts.isDefaultClause(node.parent) ? 'has a default export' : undefined
  })

/** Runs for what a module does when it is loaded: everything outside the bodies of functions and methods. */
function atLoad(source: ts.SourceFile, visit: (node: ts.Node) => unknown): void {
  walk(source, (node) => {
    // What a class extends counts as a type node, and yet it is evaluated.
    const isType = ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)
    if (isType || ts.isInterfaceDeclaration(node)) return false
    if (ts.isPropertyDeclaration(node) && !ts.getModifiers(node)?.some((m) => m.getText() === 'static')) {
      walk(node.name, visit)
      return false
    }
    if (ts.isFunctionLike(node)) {
      if (node.name !== undefined) walk(node.name, visit)
      return false
    }
    return visit(node)
  })
}

export const noTopLevelAwait: Rule = ({ file, source }) => {
  const found: string[] = []
  atLoad(source, (node) => {
    const waits =
      ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined)
    if (waits) found.push(`${file}:${lineOf(source, node)}: awaits at the top level; require() would fail`)
  })
  return found
}

/** An executable starts something when it is loaded; that is what it is for. Everything else only declares. */
export const noSideEffects: Rule = ({ file, source }) => {
  if (roomOf(file) === 'cli') return []
  const found = source.statements
    .filter((statement) => !isDeclaration(statement))
    .map((statement) => `${file}:${lineOf(source, statement)}: does something when it is loaded`)
  atLoad(source, (node) => {
    if (ts.isClassStaticBlockDeclaration(node))
      found.push(`${file}:${lineOf(source, node)}: has a static block`)
    const calls = ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isTaggedTemplateExpression(node)
    if (!calls || isPure(node, source) || node.getText().startsWith('Symbol.for(')) return
    found.push(`${file}:${lineOf(source, node)}: calls at the top level without /* @__PURE__ */`)
  })
  return found
}

function isDeclaration(statement: ts.Statement): boolean {
  const isAmbient =
    ts.isModuleDeclaration(statement) && statement.modifiers?.some((m) => m.getText() === 'declare')
  return (
    isAmbient ||
    (ts.isImportDeclaration(statement) && statement.importClause !== undefined) ||
    ts.isExportDeclaration(statement) ||
    ts.isExportAssignment(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isVariableStatement(statement)
  )
}

const isPure = (node: ts.Node, source: ts.SourceFile): boolean =>
  source.text.slice(node.getFullStart(), node.getStart()).includes('@__PURE__')

export const thinAdapters: Rule = ({ file, source }) => {
  if (roomOf(file) !== 'adapters') return []
  const lines = source.text.trimEnd().split('\n').length
  const length = lines > 60 ? [`${file}: ${lines} lines; over 60 is policy that leaked in`] : []
  return length.concat(
    findings(file, source, (node) =>
      ts.isNumericLiteral(node) && /^[1-5]\d\d$/.test(node.text)
        ? `decides on status ${node.text}`
        : undefined,
    ),
  )
}

/** `keyringFromEnv` says in its name that it looks at the environment. */
const READS_ENVIRONMENT = 'keyring/env.ts'

export const noHostGlobals: Rule = ({ file, source }) =>
  isHost(file) || file === READS_ENVIRONMENT
    ? []
    : findings(file, source, (node) =>
        ts.isIdentifier(node) && ['Buffer', 'process'].includes(node.text) && !isMemberName(node)
          ? `names ${node.text}`
          : undefined,
      )

/** What a cast or parentheses hide. */
function bare(node: ts.Expression): ts.Expression {
  const wrapped =
    ts.isParenthesizedExpression(node) || ts.isAsExpression(node) || ts.isNonNullExpression(node)
  return wrapped ? bare(node.expression) : node
}

/** `event.process` is a property like any other; `globalThis.process` is not. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) {
    return parent.name === node && bare(parent.expression).getText() !== 'globalThis'
  }
  const isMember = ts.isClassElement(parent) || ts.isTypeElement(parent) || ts.isPropertyAssignment(parent)
  return isMember && parent.name === node
}

function findings(
  file: string,
  source: ts.SourceFile,
  judge: (node: ts.Node) => string | undefined,
): string[] {
  const found: string[] = []
  walk(source, (node) => {
    const problem = judge(node)
    if (problem !== undefined) found.push(`${file}:${lineOf(source, node)}: ${problem}`)
  })
  return found
}
