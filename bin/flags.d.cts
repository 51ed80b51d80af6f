declare const flags: { readonly core: readonly string[]; readonly edge: readonly string[] };
export = flags;
