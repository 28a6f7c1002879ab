/** Names that no result is written below, by why: wherever they stand in a path, in a home folder, on the machine. Pure. */

const REPOSITORY = "a repository's own files";
const AGENT = 'settings and hooks of an agent';
const KEYS = 'keys, and who may log in';

/** Wherever it stands in a path. */
export const ANYWHERE: Readonly<Record<string, string>> = {
  '.git': REPOSITORY,
  '.hg': REPOSITORY,
  '.svn': REPOSITORY,
  '.bzr': REPOSITORY,
  '.jj': REPOSITORY,
  '.koubou': "koubou's own home",
  '.claude': AGENT,
  '.codex': AGENT,
  '.gemini': AGENT,
  '.cursor': AGENT,
  '.opencode': AGENT,
  '.agents': AGENT,
  '.mcp.json': AGENT,
  'opencode.json': AGENT,
  'opencode.jsonc': AGENT,
  '.qwen': AGENT,
  '.augment': AGENT,
  '.cline': AGENT,
  '.clinerules': AGENT,
  'crush.json': AGENT,
  '.crush.json': AGENT,
  '.kilocode': AGENT,
  '.roo': AGENT,
  '.factory': AGENT,
  '.amp': AGENT,
  '.continue': AGENT,
  '.windsurf': AGENT,
  '.goose': AGENT,
  '.kiro': AGENT,
  '.junie': AGENT,
  '.copilot': AGENT,
  '.zed': AGENT,
  '.trae': AGENT,
  '.qoder': AGENT,
  '.devcontainer': AGENT,
  '.aider.conf.yml': AGENT,
  '.husky': 'hooks that git runs',
  '.ssh': KEYS,
  '.gnupg': KEYS,
  '.aws': KEYS,
  '.kube': KEYS,
};

const namesOf = (why: string): string[] => Object.keys(ANYWHERE).filter((name) => ANYWHERE[name] === why);
/** In a home of koubou: what decides what its config is. */
export const OF_CONFIG: readonly string[] = [
  'config',
  'config/agent.yaml',
  'config/.env',
  'config/codex.toml',
];
/** In a project: what an agent obeys that starts there. */
export const OBEYED: readonly string[] = namesOf(AGENT);
/** In a project: what the user's own version control runs hooks and settings of. */
export const REPOSITORIES: readonly string[] = namesOf(REPOSITORY);
/** In a home folder: what agents obey everywhere, besides. */
export const OBEYED_AT_HOME: readonly string[] = [
  '.claude.json',
  '.config/claude',
  '.config/opencode',
  '.config/goose',
  '.config/zed',
  '.config/amp',
  '.config/crush',
  '.config/cursor',
  '.config/github-copilot',
];
/** Of the folders of version control, what it obeys: all else is history. */
export const OBEYED_WITHIN: Readonly<Record<string, readonly string[]>> = {
  '.git': ['hooks', 'config', 'info'],
  '.hg': ['hgrc', 'hgrc-not-shared', 'sharedpath', 'requires'],
  '.svn': ['wc.db'],
  '.jj': ['repo/config.toml', 'repo/config-id', 'workspace-config.toml'],
  '.bzr': ['branch/branch.conf'],
};
/** In a project: what may be a link, or hold some, to what is then obeyed or run as well. */
export const LEADING: readonly string[] = [...OBEYED, ...REPOSITORIES, '.husky'];

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
export const OF_A_USER = table([
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
export const OF_THE_SYSTEM = table([
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
export const NO_DEVICES = ['/dev/shm', '/dev/mqueue'];
