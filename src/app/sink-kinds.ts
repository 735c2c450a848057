import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PresetCompiler, PresetSource } from '../config/read-presets.ts';
import type { SinkOptionsType } from '../config/schema.ts';
import type { PresetFile } from '../sinks/preset-schema.ts';
import { SINK_TYPES } from '../sinks/registry.ts';

/** The kinds of sink that a configuration may name: the built-in ones, and where presets come from. */
export const sinkKinds = (
  packageDir: string,
  checkAll = false,
): { readonly sinkTypes: readonly SinkOptionsType[]; readonly presets: PresetSource } => ({
  sinkTypes: SINK_TYPES,
  presets: { shipped: shippedPresets(packageDir), checkAll, compiler: presetCompiler },
});

/** In the image `config` is the operator's folder, which may hold no presets; those of the program lie beside it. */
const shippedPresets = (packageDir: string): string => {
  const beside = join(packageDir, 'presets');
  return existsSync(beside) ? beside : join(packageDir, 'config', 'presets');
};

const presetCompiler = async (): Promise<PresetCompiler> => {
  const [{ compilePreset }, { presetSchema }] = await Promise.all([
    import('../sinks/preset.ts'),
    import('../sinks/preset-schema.ts'),
  ]);
  return {
    schema: presetSchema,
    compile: (name, content) => {
      // The reader of the files hands over what this very schema made.
      const { options, lookups, request, ...rest } = content as Partial<PresetFile>;
      // Without these, every name that is one of theirs would be told as unknown.
      if (options === undefined || lookups === undefined || request === undefined)
        return { type: undefined, problems: [] };
      const file = { answers: [], limits: {}, ...rest, options, lookups, request };
      const { preset, problems } = compilePreset(name, file);
      return { type: preset?.type, problems };
    },
  };
};
