// A folder with a home in it, as somebody has who works with koubou, and commands typed there.

import { AppProject, layProject } from '../app.ts';
import { koubou, type RunOptions } from './koubou.ts';

export class Project extends AppProject {
  static override async make(config?: string): Promise<Project> {
    return new Project(...(await layProject(config)));
  }

  run(...args: string[]) {
    return koubou(args, { cwd: this.folder });
  }

  runWith(options: RunOptions, ...args: string[]) {
    return koubou(args, { cwd: this.folder, ...options });
  }
}
