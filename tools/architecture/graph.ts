import { posix } from 'node:path'
import ts from 'typescript'

/** One mention of another module: an import, a re-export, `import()`, `require()` or a type `import('…')`. */
export interface Import {
  readonly specifier: string
  /** True when nothing of it is left at run time. `import { type A }` is not: it leaves a bare import behind. */
  readonly typeOnly: boolean
  /** The file of `src` that it leads to, relative to `src`; absent for packages, builtins and `#crypto`. */
  readonly target?: string
  readonly line: number
}

export interface Module {
  /** Relative to `src`, with forward slashes: `webhooks/schemes/meta.ts`. */
  readonly file: string
  readonly source: ts.SourceFile
  readonly imports: readonly Import[]
}

/** Reads what a file imports from its syntax tree. */
export function parseModule(file: string, text: string): Module {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ESNext, true)
  const imports: Import[] = []
  walk(source, (node) => {
    const found = importOf(node)
    if (found === undefined) return
    const { specifier, typeOnly } = found
    const line = lineOf(source, node)
    const target = specifier.startsWith('.')
      ? posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts')
      : undefined
    imports.push(target === undefined ? { specifier, typeOnly, line } : { specifier, typeOnly, target, line })
  })
  return { file, source, imports }
}

function importOf(node: ts.Node): Pick<Import, 'specifier' | 'typeOnly'> | undefined {
  if (ts.isImportDeclaration(node)) {
    return { specifier: textOf(node.moduleSpecifier), typeOnly: node.importClause?.isTypeOnly ?? false }
  }
  if (ts.isExportDeclaration(node)) {
    return node.moduleSpecifier && { specifier: textOf(node.moduleSpecifier), typeOnly: node.isTypeOnly }
  }
  if (ts.isImportTypeNode(node)) {
    const { argument } = node
    return { specifier: textOf(ts.isLiteralTypeNode(argument) ? argument.literal : argument), typeOnly: true }
  }
  if (ts.isExternalModuleReference(node)) return { specifier: textOf(node.expression), typeOnly: false }
  const loads =
    ts.isCallExpression(node) &&
    (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === 'require')
  return loads ? { specifier: textOf(node.arguments[0]), typeOnly: false } : undefined
}

/** A specifier that is computed cannot be judged; as `<computed>` it is refused as an unknown package. */
function textOf(node: ts.Node | undefined): string {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : '<computed>'
}

/** Visits every node, depth first; a visitor that returns `false` keeps us out of the node's children. */
export function walk(node: ts.Node, visit: (node: ts.Node) => unknown): void {
  if (visit(node) === false) return
  ts.forEachChild(node, (child) => walk(child, visit))
}

export function lineOf(source: ts.SourceFile, node: ts.Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
}
