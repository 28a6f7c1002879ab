/**
 * The one table of places that no result is written to: what lies there runs, or decides what runs, with the rights of
 * the user. CLAUDE.md, workflows and package.json are not among them: they are files of a project, which its owner may
 * have written.
 */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Homes, homeAround } from '../text/home-name.ts';
import { withinWorktreeOfAgent } from './agent-worktree.ts';
import { ledTo } from './led-to.ts';
import { ANYWHERE, KEYS, OBEYED } from './reserved-names.ts';
import { endOf, usersHomes } from './user-homes.ts';
import { isWithin } from './walk.ts';

const START = 'a file that each shell or session runs when it starts';
const CONFIG = 'a file that says what programs run';
const TIMES = 'what the system runs at its times';
const MACHINE = 'devices and processes, not files';

/** Names by why, from lines that are easy to read. */
function table(
  rows: readonly (readonly [string, readonly string[]])[],
): readonly (readonly [string, readonly string[]])[] {
  return rows.map(([why, lines]) => [why, lines.flatMap((line) => line.split(' '))]);
}

/** Below the home folder of a user. */
const OF_A_USER = table([
  [
    START,
    [
      '.profile .login .logout .environment .pam_environment .inputrc',
      '.bashrc .bash_profile .bash_login .bash_logout .bash_aliases',
      '.bash_completion .xonshrc .oh-my-zsh .nvm .fzf.bash .fzf.zsh .p10k.zsh .xbindkeysrc .xmonad .fluxbox',
      '.zshrc .zshenv .zprofile .zlogin .zlogout .kshrc .mkshrc .shrc .cshrc .tcshrc',
      '.xinitrc .xsession .xsessionrc .xprofile .xserverrc .screenrc .tmux.conf',
      '.config/fish .config/autostart .config/autostart-scripts .config/environment.d .config/systemd',
      '.config/plasma-workspace .config/tmux .config/zsh .config/nushell .config/powershell',
      '.config/i3 .config/sway .config/hypr .config/openbox .config/awesome .config/bspwm .config/sxhkd .config/river',
      '.config/labwc .config/herbstluftwm .config/qtile .config/niri .config/lxsession .config/elvish .config/mise',
      '.config/starship.toml .config/user-tmpfiles.d .local/share/systemd .local/bin Library/LaunchAgents',
    ],
  ],
  [
    CONFIG,
    [
      '.gitconfig .config/git .config/hub .config/gh .npmrc .yarnrc .yarnrc.yml .pypirc .config/pip .cargo/config',
      '.cargo/config.toml .cargo/env .vimrc .vim .exrc .config/nvim .emacs .emacs.d .config/emacs .gdbinit .config/gdb',
      '.claude.json .config/claude .config/opencode .aider.conf.yml .config/goose .config/direnv .docker/config.json',
      '.config/kitty .config/alacritty .config/wezterm .config/ghostty .config/Code .config/zed .config/amp .config/pulse',
      '.lldbinit .local/lib .ipython .pythonrc .perldb .irbrc .pryrc .mailcap .forward .procmailrc .rhosts .shosts .local/state/koubou',
      '.local/share/applications .local/share/dbus-1',
    ],
  ],
  [KEYS, ['.netrc .config/gcloud .azure .password-store .local/share/keyrings Library/Keychains']],
]);

/** Absolute; a name that ends in * stands for all that begin so. */
const OF_THE_SYSTEM = table([
  [MACHINE, ['/proc /sys /dev']],
  [TIMES, ['/etc/cron* /etc/anacrontab /var/spool/cron /var/spool/at /var/at /usr/lib/cron']],
  [
    START,
    [
      '/etc/profile* /etc/bash* /etc/zsh* /etc/environment* /etc/fish /etc/xdg/autostart /etc/X11 /etc/init* /etc/rc*',
      '/etc/systemd /usr/lib/systemd /lib/systemd /usr/local/lib/systemd /run/systemd /System /boot',
      '/Library/LaunchAgents /Library/LaunchDaemons',
    ],
  ],
  [
    CONFIG,
    [
      '/etc/ld.so* /etc/pam* /etc/sudo* /etc/doas.conf /etc/polkit-1 /etc/udev /etc/dbus-1 /etc/modprobe* /etc/modules*',
      '/etc/apt /etc/gitconfig /etc/logrotate* /etc/security /etc/binfmt.d /etc/tmpfiles.d /etc/sysctl* /etc/inittab',
    ],
  ],
  [KEYS, ['/etc/passwd* /etc/shadow* /etc/group* /etc/gshadow* /etc/ssh /etc/subuid*']],
]);
/** Files in memory, as any other folder that all may write to. */
const NO_DEVICES = ['/dev/shm', '/dev/mqueue'];

export interface ReservedScope {
  /** koubou's, whatever their names are. */
  homes?: Homes | undefined;
  /** Home folders of users; left out: those that this user may write to. */
  users?: readonly string[] | undefined;
}

/** Judges places for one command or one run: what the users' homes hold is looked up once. */
export class Reserved {
  readonly #homes: Homes;
  readonly #users: readonly string[];
  #linked: { place: string; why: string }[] | undefined;
  /** By folder. */
  readonly #settings = new Map<string, readonly { name: string; ends: readonly string[] }[]>();

  constructor({ homes = { places: [] }, users = usersHomes() }: ReservedScope = {}) {
    this.#users = users;
    this.#homes = { ...homes, places: homes.places.flatMap((home) => [home, endOf(home) ?? home]) };
  }

  /**
   * Why no result may be written there, as a sentence without its end, or undefined. `place` is the end of a walk, and
   * `names` are what led to it, absolute: one that is reserved is enough.
   */
  why(place: string, names: readonly string[]): string | undefined {
    const users = this.#users.map(fold);
    for (const path of [...names, place]) {
      const folded = fold(path);
      const why =
        anywhere(fold(withinWorktreeOfAgent(path))) ??
        ofTheSystem(folded) ??
        ofAUser(folded, users) ??
        this.#ofTheHome(path);
      if (why !== undefined) return why;
    }
    const repository = bareRepository(place);
    if (repository !== undefined) return `${repository} is a git repository without a work tree`;
    const settings = this.#settingsThatLead(place);
    if (settings !== undefined) return `${settings} leads there: agents obey it`;
    this.#linked ??= linkedFrom(this.#users);
    return this.#linked.find((linked) => isWithin(linked.place, place))?.why;
  }

  /** Of the folders above: settings of agents there may be links, or hold some. */
  #settingsThatLead(place: string): string | undefined {
    for (let folder = dirname(place); folder !== '/'; folder = dirname(folder)) {
      const known = this.#settings.get(folder) ?? settingsIn(folder);
      this.#settings.set(folder, known);
      const found = known.find(({ ends }) => ends.some((end) => isWithin(end, place)));
      if (found !== undefined) return found.name;
    }
    return undefined;
  }

  #ofTheHome(path: string): string | undefined {
    const home = homeAround(path, this.#homes);
    return home === undefined ? undefined : `it lies in ${home}, koubou's own home`;
  }
}

const settingsIn = (folder: string): { name: string; ends: string[] }[] => {
  const there = namesIn(folder);
  return OBEYED.filter((name) => there.has(name)).flatMap((name) => {
    const path = join(folder, name);
    const ends = ledTo([path], SETTINGS_BOUNDS).ends.flatMap(({ path: end }) =>
      // A repository is a project of its own, as are the skills that a person works on and links into ~/.claude.
      isWithin(path, end) || existsSync(join(end, '.git')) ? [] : [end],
    );
    return ends.length === 0 ? [] : [{ name: path, ends }];
  });
};

const SETTINGS_BOUNDS = { entries: 2000, depth: 5 };
/** Some of these folders hold all of an editor. */
const USER_BOUNDS = { entries: 500, depth: 2 };

const namesIn = (folder: string): ReadonlySet<string> => {
  try {
    return new Set(readdirSync(folder));
  } catch {
    return new Set();
  }
};

/** Start-up files and the like that are links, or hold some, as into ~/dotfiles: they have another name there. */
const linkedFrom = (users: readonly string[]): { place: string; why: string }[] =>
  users.flatMap((user) => {
    const there = namesIn(user);
    return [...OF_A_USER, ...OF_ANY_FOLDER].flatMap(([why, names]) =>
      names
        .filter((name) => there.has(name.split('/')[0] ?? ''))
        .flatMap((name) =>
          leadingFrom(join(user, name)).map((place) => ({ place, why: `~/${name} leads there: ${why}` })),
        ),
    );
  });

/** A folder that a link within leads to is a project of its own, as `npm link` has it. */
const leadingFrom = (path: string): string[] => {
  const own = endOf(path);
  return ledTo([path], USER_BOUNDS).ends.flatMap(({ path: end, facts }) =>
    isWithin(path, end) || (facts?.isDirectory() === true && end !== own) ? [] : [end],
  );
};

/** The names of ANYWHERE by why, but for koubou's homes, which are judged by themselves. */
const OF_ANY_FOLDER: readonly (readonly [string, readonly string[]])[] = Object.entries(ANYWHERE)
  .filter(([name]) => name !== '.koubou')
  .map(([name, why]) => [why, [name]]);

const anywhere = (folded: string): string | undefined => {
  for (const part of folded.split('/')) {
    const name = Object.hasOwn(ANYWHERE, part) ? part : ofShort(part);
    if (name !== undefined) return `it lies in ${name}: ${ANYWHERE[name]}`;
  }
  return undefined;
};

/** Windows gives each long name a short one, of its first six letters and a number; folders of it are WSL's as well. */
const ofShort = (part: string): string | undefined => {
  const [, letters] = /^([a-z]{2,6})~\d+$/.exec(part) ?? [];
  return letters && Object.keys(ANYWHERE).find((name) => name.slice(1, 7) === letters);
};

/** As they are usually called, also where this user has no list of them. */
const ANY_HOME = /^\/(home|users)\/[^/]+(?=\/)/;

const ofAUser = (folded: string, users: readonly string[]): string | undefined => {
  const [other] = ANY_HOME.exec(folded) ?? [];
  for (const user of other === undefined ? users : [...users, other]) {
    if (!isWithin(user, folded)) continue;
    const within = folded.slice(user.length + 1);
    for (const [why, names] of OF_A_USER) {
      const name = names.find((each) => isWithin(foldedName(each), within));
      if (name !== undefined) return `~/${name} is ${why}`;
    }
  }
  return undefined;
};

const ofTheSystem = (path: string): string | undefined => {
  // Where /etc, /tmp and /var of macOS lead.
  const folded = path.replace(/^\/private(?=\/(etc|var)\/)/, '');
  if (NO_DEVICES.some((folder) => folded !== folder && isWithin(folder, folded))) return undefined;
  for (const [why, names] of OF_THE_SYSTEM) {
    for (const name of names) {
      const written = foldedName(name.replace('*', ''));
      const fits = name.endsWith('*') ? folded.startsWith(written) : isWithin(written, folded);
      if (fits) return `${name} is ${why}`;
    }
  }
  return undefined;
};

/** `repo.git/hooks/post-receive` has no .git in its path. */
const bareRepository = (path: string): string | undefined => {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    if (['HEAD', 'objects', 'refs'].every((name) => existsSync(join(folder, name)))) return folder;
  }
  return undefined;
};

/**
 * One spelling for all that some file system takes for the same: macOS ignores case and letters without width, NTFS
 * case, dots and spaces at the end, and knows short names. git refuses such names everywhere, too.
 */
const fold = (path: string): string =>
  path
    .split('/')
    .map((part) =>
      part
        .normalize('NFC')
        .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
        .toUpperCase()
        .toLowerCase()
        .replace(/(?<=.)[. ]+$/, (end, at: number, whole: string) => (/^\.+$/.test(whole) ? end : ''))
        .replace(/^(\.[a-z]+):.*$/, '$1'),
    )
    .join('/');

/** Of the tables, which hold nothing else that would be folded. */
const foldedName = (name: string): string => name.toLowerCase();
