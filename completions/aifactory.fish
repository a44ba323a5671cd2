# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_aifactory_global_optspecs
    string join \n C= json color= q/quiet v/verbose h/help V/version
end

function __fish_aifactory_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_aifactory_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_aifactory_using_subcommand
    set -l cmd (__fish_aifactory_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c aifactory -n "__fish_aifactory_needs_command" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_needs_command" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_needs_command" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_needs_command" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_needs_command" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_needs_command" -s V -l version -d 'Print version'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "init" -d 'Begin in this repository, or bring it up to date'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "new" -d 'Add a task'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "list" -d 'List tasks'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "show" -d 'Show tasks: what they are, where they stand, what to do next'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "edit" -d 'Edit a task in your editor'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "set" -d 'Change fields of tasks'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "cancel" -d 'Cancel tasks'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "spec" -d 'Show or write what must be true when a task is done'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "plan" -d 'Show, write, check or propose how to get there, in steps'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "approve" -d 'Say yes to spec and plan as they are now'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "reject" -d 'Say no to a plan, or to work under review'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "claim" -d 'Take tasks for yourself'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "release" -d 'Give tasks back that you had claimed'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "run" -d 'Carry out tasks'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "work" -d 'Work on what is ready, and wait for more'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "status" -d 'Show what runs, what waits for you, what is ready'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "log" -d 'Show the history of a task: who, when, what changed'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "say" -d 'Say something to a task\'s agent'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "answer" -d 'Answer the question a task waits for'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "attach" -d 'Go on with a task\'s agent yourself'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "stop" -d 'Stop running tasks'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "pause" -d 'Hold tasks back'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "resume" -d 'Let paused tasks go on, and parked ones at once'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "retry" -d 'Try tasks again'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "path" -d 'Print where a task\'s worktree is'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "shell" -d 'Open a shell in a task\'s worktree'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "exec" -d 'Run a command in a task\'s worktree'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "diff" -d 'Show what a task changed'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "review" -d 'Show what you need to judge a task: spec, change, evidence, cost'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "merge" -d 'Merge tasks that are ready for review'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "discard" -d 'Throw away the work of the named tasks'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "changelog" -d 'Say what changed between two revisions'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "do" -d 'Do something small to a task by its name; without a name: list what there is'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "prompt" -d 'List the roles of agents, or show what one is told'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "workflow" -d 'List, show or check the ways that tasks go through their phases'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "message" -d 'Notes between people and agents'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "memory" -d 'What tasks taught, for the tasks that come after them'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "search" -d 'Search titles, specs, plans and messages'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "sync" -d 'Share the state through a git remote'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "import" -d 'Take a backlog in: a TODO.md, or a folder of Markdown files; or workflows from another factory'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "agents" -d 'List the agents that can be used here, or show one'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "usage" -d 'Show what runs used: time, tokens, money'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "import-claude-credentials" -d 'Take over the log-in of Claude Code for agents that run here'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "config" -d 'Show or change settings'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "trust" -d 'Let the commands of the project\'s policy run on this machine'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "doctor" -d 'Check that everything aifactory needs is in order, and say what to do'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "gc" -d 'Pack the state\'s objects, drop logs of old runs and transcripts older than transcripts.age'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "quickstart" -d 'See it work: a small project of its own, four tasks, verified merges'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "ask" -d 'Ask a person, from inside a run'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "progress" -d 'Say how far you are, from inside a run'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "completions" -d 'Print a completion script for your shell'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "man" -d 'Print a manual page'
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "__runbook"
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "__auto-sync"
complete -c aifactory -n "__fish_aifactory_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aifactory -n "__fish_aifactory_using_subcommand init" -l agent -d 'The agent that carries out plans by default' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand init" -l target -d 'The branch that work is merged into' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand init" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand init" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand init" -s y -l yes -d 'Take the defaults and ask nothing'
complete -c aifactory -n "__fish_aifactory_using_subcommand init" -l policy -d 'Write the policy file `.aifactory/config.toml` for you to commit'
complete -c aifactory -n "__fish_aifactory_using_subcommand init" -l offline -d 'Do not ask the remote what it takes'
complete -c aifactory -n "__fish_aifactory_using_subcommand init" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand init" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand init" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -s m -l message -d 'What must be true when it is done (repeat for further paragraphs)' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -s F -l file -d 'Read the spec from a file, `-` for standard input; without a title its first line is the title' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -l plan -d 'Read the plan from a file' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -s l -l label -d 'A label (repeatable)' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -s p -l priority -d 'urgent, high, normal or low' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -s a -l after -d 'A task that must be done first (repeatable)' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -l risk -d 'How much a person has to do with it: auto, async or blocking' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -l role -d 'The role that should do it' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -l repository -d 'The repository it is about, where there are several' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -l agent -d 'The agent that should do it' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -l ready -d 'Make it ready at once, for `run --all` and for workers'
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -l run -d 'Run it at once'
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand new" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand list" -s s -l status -d 'Only tasks with this status (repeatable)' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand list" -s l -l label -d 'Only tasks with this label (repeatable: all of them)' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand list" -s p -l priority -d 'Only tasks of this priority (repeatable)' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand list" -l sort -d 'priority, created, updated, status or title' -r -f -a "priority\t''
created\t''
updated\t''
status\t''
title\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand list" -s n -l limit -d 'At most this many' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand list" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand list" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand list" -s a -l all -d 'Done and cancelled tasks too'
complete -c aifactory -n "__fish_aifactory_using_subcommand list" -l ready -d 'Only tasks that could be run now'
complete -c aifactory -n "__fish_aifactory_using_subcommand list" -l blocked -d 'Only tasks whose dependencies are not done'
complete -c aifactory -n "__fish_aifactory_using_subcommand list" -l claimed -d 'Only tasks that somebody works on'
complete -c aifactory -n "__fish_aifactory_using_subcommand list" -s r -l reverse -d 'Turn the order around'
complete -c aifactory -n "__fish_aifactory_using_subcommand list" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand list" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand list" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand show" -l conflict -d 'The text that does not stand at present, of one of the task\'s conflicts' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand show" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand show" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand show" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand show" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand show" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand show" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand edit" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand edit" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand edit" -l spec -d 'Edit the spec'
complete -c aifactory -n "__fish_aifactory_using_subcommand edit" -l plan -d 'Edit the plan'
complete -c aifactory -n "__fish_aifactory_using_subcommand edit" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand edit" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand edit" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand edit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand set" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand set" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand set" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand set" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand set" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand cancel" -s m -l message -d 'Why' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand cancel" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand cancel" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand cancel" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand cancel" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand cancel" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand cancel" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and not __fish_seen_subcommand_from show set edit check write help" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and not __fish_seen_subcommand_from show set edit check write help" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and not __fish_seen_subcommand_from show set edit check write help" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and not __fish_seen_subcommand_from show set edit check write help" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and not __fish_seen_subcommand_from show set edit check write help" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and not __fish_seen_subcommand_from show set edit check write help" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and not __fish_seen_subcommand_from show set edit check write help" -f -a "show" -d 'Print it'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and not __fish_seen_subcommand_from show set edit check write help" -f -a "set" -d 'Replace it by a file, `-` for standard input'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and not __fish_seen_subcommand_from show set edit check write help" -f -a "edit" -d 'Open it in your editor'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and not __fish_seen_subcommand_from show set edit check write help" -f -a "check" -d 'Report what is wrong with it'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and not __fish_seen_subcommand_from show set edit check write help" -f -a "write" -d 'Have an agent write it'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and not __fish_seen_subcommand_from show set edit check write help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from show" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from show" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from show" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from set" -s F -l file -d 'The file' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from set" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from set" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from set" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from edit" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from edit" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from edit" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from edit" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from edit" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from check" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from check" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from check" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from write" -s m -l message -d 'What the agent should know besides' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from write" -l agent -d 'The agent that writes it, such as claude:opus#high; the setting agent.plan where it is left out' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from write" -s j -l jobs -d 'How many tasks at once' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from write" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from write" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from write" -l local -d 'Claim for this machine alone, whether or not the remote can be reached'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from write" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from write" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from write" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from write" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print it'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from help" -f -a "set" -d 'Replace it by a file, `-` for standard input'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from help" -f -a "edit" -d 'Open it in your editor'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from help" -f -a "check" -d 'Report what is wrong with it'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from help" -f -a "write" -d 'Have an agent write it'
complete -c aifactory -n "__fish_aifactory_using_subcommand spec; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and not __fish_seen_subcommand_from show set edit check write propose follow import export help" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and not __fish_seen_subcommand_from show set edit check write propose follow import export help" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and not __fish_seen_subcommand_from show set edit check write propose follow import export help" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and not __fish_seen_subcommand_from show set edit check write propose follow import export help" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and not __fish_seen_subcommand_from show set edit check write propose follow import export help" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and not __fish_seen_subcommand_from show set edit check write propose follow import export help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and not __fish_seen_subcommand_from show set edit check write propose follow import export help" -f -a "show" -d 'Print it'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and not __fish_seen_subcommand_from show set edit check write propose follow import export help" -f -a "set" -d 'Replace it by a file, `-` for standard input'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and not __fish_seen_subcommand_from show set edit check write propose follow import export help" -f -a "edit" -d 'Open it in your editor'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and not __fish_seen_subcommand_from show set edit check write propose follow import export help" -f -a "check" -d 'Report what is wrong with it'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and not __fish_seen_subcommand_from show set edit check write propose follow import export help" -f -a "write" -d 'Have an agent write it'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and not __fish_seen_subcommand_from show set edit check write propose follow import export help" -f -a "propose" -d 'Put it on a branch for a pull request: spec and plan in one file'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and not __fish_seen_subcommand_from show set edit check write propose follow import export help" -f -a "follow" -d 'See what became of proposed plans: merged, or closed'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and not __fish_seen_subcommand_from show set edit check write propose follow import export help" -f -a "import" -d 'Take in a plan from elsewhere; with a signature that counts here it is approved'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and not __fish_seen_subcommand_from show set edit check write propose follow import export help" -f -a "export" -d 'Print spec and plan as one file, to sign or to hand on'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and not __fish_seen_subcommand_from show set edit check write propose follow import export help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from show" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from show" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from show" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from set" -s F -l file -d 'The file' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from set" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from set" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from set" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from edit" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from edit" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from edit" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from edit" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from edit" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from check" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from check" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from check" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from write" -s m -l message -d 'What the agent should know besides' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from write" -l agent -d 'The agent that writes it, such as claude:opus#high; the setting agent.plan where it is left out' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from write" -s j -l jobs -d 'How many tasks at once' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from write" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from write" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from write" -l local -d 'Claim for this machine alone, whether or not the remote can be reached'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from write" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from write" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from write" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from write" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from propose" -l take -d 'What counts where others changed the plan on the branch: both, ours or theirs' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from propose" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from propose" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from propose" -l local -d 'Commit on the branch here, and publish nothing'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from propose" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from propose" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from propose" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from propose" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from follow" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from follow" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from follow" -l local -d 'Look only at what this clone has; ask no remote'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from follow" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from follow" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from follow" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from follow" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from import" -l signature -d 'Its signature, as ssh-keygen wrote it' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from import" -l task -d 'The task it is for, where the file does not say' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from import" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from import" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from import" -l stale-ok -d 'Take it although the target moved on under it; then it waits for approval'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from import" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from export" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from export" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from export" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print it'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "set" -d 'Replace it by a file, `-` for standard input'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "edit" -d 'Open it in your editor'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "check" -d 'Report what is wrong with it'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "write" -d 'Have an agent write it'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "propose" -d 'Put it on a branch for a pull request: spec and plan in one file'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "follow" -d 'See what became of proposed plans: merged, or closed'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "import" -d 'Take in a plan from elsewhere; with a signature that counts here it is approved'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "export" -d 'Print spec and plan as one file, to sign or to hand on'
complete -c aifactory -n "__fish_aifactory_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aifactory -n "__fish_aifactory_using_subcommand approve" -s m -l message -d 'A word with it' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand approve" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand approve" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand approve" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand approve" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand approve" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand approve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand reject" -s m -l message -d 'What is wrong with it' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand reject" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand reject" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand reject" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand reject" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand reject" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand reject" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand claim" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand claim" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand claim" -l local -d 'Claim for this machine alone, without asking the remote'
complete -c aifactory -n "__fish_aifactory_using_subcommand claim" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand claim" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand claim" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand claim" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand release" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand release" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand release" -l force -d 'Also what a worker or somebody else holds'
complete -c aifactory -n "__fish_aifactory_using_subcommand release" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand release" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand release" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand release" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand run" -s j -l jobs -d 'How many tasks at once' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand run" -l sandbox -d 'What agents, gates and setup may write to: bwrap, landlock or none; the setting where it is left out' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand run" -l agent -d 'The agent for everything this command runs, whatever tasks and settings say, such as codex or claude:opus#high' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand run" -l workflow -d 'The way that the tasks go, such as default, solo or code-review; the setting where it is left out' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand run" -l role -d 'One role alone, such as reviewer or researcher, also on work that is finished' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand run" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand run" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand run" -s a -l all -d 'Everything that is ready'
complete -c aifactory -n "__fish_aifactory_using_subcommand run" -l merge -d 'Merge each task as soon as it has passed'
complete -c aifactory -n "__fish_aifactory_using_subcommand run" -l local -d 'Claim for this machine alone, whether or not the remote can be reached'
complete -c aifactory -n "__fish_aifactory_using_subcommand run" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand run" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand run" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -s j -l jobs -d 'How many tasks at once' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -l max-tasks -d 'End after this many tasks' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -s l -l label -d 'Only tasks with this label; repeatable, all are needed' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -l sandbox -d 'What agents, gates and setup may write to: bwrap, landlock or none; the setting where it is left out' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -l agent -d 'The agent for everything this command runs, whatever tasks and settings say, such as codex or claude:opus#high' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -l remote -d 'Work in a clone of this repository, made below the current folder if it is not there' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -l phase -d 'Only planning (tasks whose plan an agent is to write, up to your yes), or only code' -r -f -a "plan\t''
code\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -l workflow -d 'The way that the tasks go, such as default, solo or code-review; the setting where it is left out' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -l once -d 'Carry out what is ready now, then end'
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -l drain -d 'End when nothing is ready any more'
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -l merge -d 'Merge what passes into the target, on the remote and here'
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -l local -d 'Claim for this machine alone, whether or not the remote can be reached'
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand work" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand status" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand status" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand status" -s a -l all -d 'Show all tasks of each group'
complete -c aifactory -n "__fish_aifactory_using_subcommand status" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand status" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand status" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand status" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand log" -l since -d 'Only what happened since then: 2h or 7d (ago), today, yesterday, 2026-01-31, 2026-01-31T12:00:00 in UTC' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand log" -s n -l limit -d 'Only the last so many entries' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand log" -l kind -d 'Only entries of this kind, as --json names them in `op`: moved, claimed, said, gated, run-ended …; repeatable' -r -f -a "created\t''
set\t''
added\t''
removed\t''
text\t''
text-seen\t''
moved\t''
claimed\t''
claim-lost\t''
released\t''
approved\t''
rejected\t''
proposed\t''
proposal-ended\t''
step-started\t''
step-done\t''
step-reset\t''
run-started\t''
run-ended\t''
messages-delivered\t''
gated\t''
phase-done\t''
reviewed\t''
review-waived\t''
delivering\t''
delivered\t''
paused\t''
resumed\t''
parked\t''
noted\t''
said\t''
text-imported\t''
imported\t''
settled\t''
unknown\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand log" -l run -d 'What the agent said and did in one run: its id, or last; --since and --limit cut that, too' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand log" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand log" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand log" -s f -l follow -d 'Follow the run on this machine'
complete -c aifactory -n "__fish_aifactory_using_subcommand log" -l brief -d 'Leave out the diffs'
complete -c aifactory -n "__fish_aifactory_using_subcommand log" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand log" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand log" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand log" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand say" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand say" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand say" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand say" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand say" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand say" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand answer" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand answer" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand answer" -l run -d 'Go on at once'
complete -c aifactory -n "__fish_aifactory_using_subcommand answer" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand answer" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand answer" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand answer" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand attach" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand attach" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand attach" -l here -d 'In this terminal, without tmux'
complete -c aifactory -n "__fish_aifactory_using_subcommand attach" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand attach" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand attach" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand attach" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand stop" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand stop" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand stop" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand stop" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand stop" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand pause" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand pause" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand pause" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand pause" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand pause" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand pause" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand resume" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand resume" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand resume" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand resume" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand resume" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand resume" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand retry" -s m -l message -d 'What to do differently' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand retry" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand retry" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand retry" -l run -d 'Run them at once'
complete -c aifactory -n "__fish_aifactory_using_subcommand retry" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand retry" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand retry" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand retry" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand path" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand path" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand path" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand path" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand path" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand path" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand shell" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand shell" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand shell" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand shell" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand shell" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand shell" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand exec" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand exec" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand exec" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand exec" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand exec" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand exec" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand diff" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand diff" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand diff" -l stat -d 'Only which files, and how much'
complete -c aifactory -n "__fish_aifactory_using_subcommand diff" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand diff" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand diff" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand diff" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand review" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand review" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand review" -l brief -d 'Leave out the diff'
complete -c aifactory -n "__fish_aifactory_using_subcommand review" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand review" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand review" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand review" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand merge" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand merge" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand merge" -s a -l all -d 'Everything that is ready for review'
complete -c aifactory -n "__fish_aifactory_using_subcommand merge" -l unverified -d 'Merge work that no gate looks at, on your own recorded word'
complete -c aifactory -n "__fish_aifactory_using_subcommand merge" -l unreviewed -d 'Merge whatever a reviewer said, or did not say, on your own recorded word'
complete -c aifactory -n "__fish_aifactory_using_subcommand merge" -l check -d 'Merge nothing; say what holds and what does not'
complete -c aifactory -n "__fish_aifactory_using_subcommand merge" -l push -d 'Move the target on the remote first, as workers do'
complete -c aifactory -n "__fish_aifactory_using_subcommand merge" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand merge" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand merge" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand discard" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand discard" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand discard" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand discard" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand discard" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand discard" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand changelog" -l format -d 'keep-a-changelog, list or github-release' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand changelog" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand changelog" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand changelog" -s a -l all -d 'Also what those who only use it do not see: documentation, tests, chores'
complete -c aifactory -n "__fish_aifactory_using_subcommand changelog" -l write -d 'Add what CHANGELOG.md does not name yet, below its heading for what is unreleased'
complete -c aifactory -n "__fish_aifactory_using_subcommand changelog" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand changelog" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand changelog" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand changelog" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand do" -s m -l message -d 'What the agent should know besides' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand do" -l agent -d 'The agent for it, such as claude:opus#high; the settings where it is left out' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand do" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand do" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand do" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand do" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand do" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand do" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and not __fish_seen_subcommand_from list show help" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and not __fish_seen_subcommand_from list show help" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and not __fish_seen_subcommand_from list show help" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and not __fish_seen_subcommand_from list show help" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and not __fish_seen_subcommand_from list show help" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and not __fish_seen_subcommand_from list show help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and not __fish_seen_subcommand_from list show help" -f -a "list" -d 'List the roles, with where each comes from'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and not __fish_seen_subcommand_from list show help" -f -a "show" -d 'Show a role: what it may do, what it must leave, what it is told'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and not __fish_seen_subcommand_from list show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and __fish_seen_subcommand_from list" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and __fish_seen_subcommand_from list" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and __fish_seen_subcommand_from show" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and __fish_seen_subcommand_from show" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and __fish_seen_subcommand_from show" -l source -d 'Print the definition as it is written'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and __fish_seen_subcommand_from show" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the roles, with where each comes from'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a role: what it may do, what it must leave, what it is told'
complete -c aifactory -n "__fish_aifactory_using_subcommand prompt; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and not __fish_seen_subcommand_from list show check help" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and not __fish_seen_subcommand_from list show check help" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and not __fish_seen_subcommand_from list show check help" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and not __fish_seen_subcommand_from list show check help" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and not __fish_seen_subcommand_from list show check help" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and not __fish_seen_subcommand_from list show check help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and not __fish_seen_subcommand_from list show check help" -f -a "list" -d 'List them, with where each comes from'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and not __fish_seen_subcommand_from list show check help" -f -a "show" -d 'Show one: its phases, conditions and loops'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and not __fish_seen_subcommand_from list show check help" -f -a "check" -d 'Say what is wrong with workflows, roles and actions'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and not __fish_seen_subcommand_from list show check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from list" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from list" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from show" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from show" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from show" -l source -d 'Print the definition as it is written'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from show" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from check" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from check" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from check" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from help" -f -a "list" -d 'List them, with where each comes from'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one: its phases, conditions and loops'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from help" -f -a "check" -d 'Say what is wrong with workflows, roles and actions'
complete -c aifactory -n "__fish_aifactory_using_subcommand workflow; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and not __fish_seen_subcommand_from post list show watch help" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and not __fish_seen_subcommand_from post list show watch help" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and not __fish_seen_subcommand_from post list show watch help" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and not __fish_seen_subcommand_from post list show watch help" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and not __fish_seen_subcommand_from post list show watch help" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and not __fish_seen_subcommand_from post list show watch help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and not __fish_seen_subcommand_from post list show watch help" -f -a "post" -d 'Leave a message'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and not __fish_seen_subcommand_from post list show watch help" -f -a "list" -d 'Show messages, oldest first'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and not __fish_seen_subcommand_from post list show watch help" -f -a "show" -d 'Show a message with its whole thread'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and not __fish_seen_subcommand_from post list show watch help" -f -a "watch" -d 'Show new messages as they come, until Ctrl-C'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and not __fish_seen_subcommand_from post list show watch help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from post" -s t -l task -d 'The task it is about' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from post" -l to -d 'For whom: an agent, a role, a person' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from post" -s r -l reply-to -d 'The message it answers; it is about the same task and goes to who wrote that one, unless you say otherwise' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from post" -s k -l kind -d 'info, handoff, status or error' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from post" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from post" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from post" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from post" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from post" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from post" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from list" -s k -l kind -d 'Only those of this kind: info, question, answer, handoff, review, status or error; repeatable' -r -f -a "info\t''
question\t''
answer\t''
handoff\t''
review\t''
status\t''
error\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from list" -l from -d 'Only those that a person or an agent left' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from list" -l to -d 'Only those for a person, a role or an agent' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from list" -l since -d 'Only what was left since then: 2h or 7d (ago), today, yesterday, 2026-01-31, 2026-01-31T12:00:00 in UTC' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from list" -l until -d 'Only what was left until then; a day is meant as a whole' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from list" -s s -l search -d 'Only those in which all these words occur; the last may be the beginning of one, "quoted words" stand together' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from list" -s n -l limit -d 'Only the newest so many' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from list" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from list" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from list" -l project -d 'Only those about no task'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from show" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from show" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from show" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from watch" -s k -l kind -d 'Only those of this kind: info, question, answer, handoff, review, status or error; repeatable' -r -f -a "info\t''
question\t''
answer\t''
handoff\t''
review\t''
status\t''
error\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from watch" -l from -d 'Only those that a person or an agent left' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from watch" -l to -d 'Only those for a person, a role or an agent' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from watch" -s n -l limit -d 'Begin with the newest so many' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from watch" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from watch" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from watch" -l project -d 'Only those about no task'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from watch" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from watch" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from watch" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from watch" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from help" -f -a "post" -d 'Leave a message'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from help" -f -a "list" -d 'Show messages, oldest first'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a message with its whole thread'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from help" -f -a "watch" -d 'Show new messages as they come, until Ctrl-C'
complete -c aifactory -n "__fish_aifactory_using_subcommand message; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and not __fish_seen_subcommand_from list show add promote remove edit search help" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and not __fish_seen_subcommand_from list show add promote remove edit search help" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and not __fish_seen_subcommand_from list show add promote remove edit search help" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and not __fish_seen_subcommand_from list show add promote remove edit search help" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and not __fish_seen_subcommand_from list show add promote remove edit search help" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and not __fish_seen_subcommand_from list show add promote remove edit search help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and not __fish_seen_subcommand_from list show add promote remove edit search help" -f -a "list" -d 'Show all notes, oldest first'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and not __fish_seen_subcommand_from list show add promote remove edit search help" -f -a "show" -d 'Show a note, and where it comes from'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and not __fish_seen_subcommand_from list show add promote remove edit search help" -f -a "add" -d 'Write a note'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and not __fish_seen_subcommand_from list show add promote remove edit search help" -f -a "promote" -d 'Have notes shown to tasks from now on'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and not __fish_seen_subcommand_from list show add promote remove edit search help" -f -a "remove" -d 'Take notes away, in every clone; what says the same is not taken from an agent again'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and not __fish_seen_subcommand_from list show add promote remove edit search help" -f -a "edit" -d 'Replace the words of a note'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and not __fish_seen_subcommand_from list show add promote remove edit search help" -f -a "search" -d 'Find what a task would be shown'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and not __fish_seen_subcommand_from list show add promote remove edit search help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from list" -s t -l task -d 'Only those of a task' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from list" -s k -l kind -d 'Only those of this kind: outcome, learning or gotcha; repeatable' -r -f -a "outcome\t''
learning\t''
gotcha\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from list" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from list" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from list" -l proposed -d 'Only those that nobody has promoted or confirmed'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from show" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from show" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from show" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from add" -s k -l kind -d 'learning, gotcha or outcome' -r -f -a "outcome\t''
learning\t''
gotcha\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from add" -s a -l about -d 'A file or folder that it speaks of, from where you are; repeatable' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from add" -l tag -d 'A word to find it by; repeatable' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from add" -s t -l task -d 'The task that taught it' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from add" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from add" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from add" -l propose -d 'Leave it to somebody else to promote it'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from add" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from promote" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from promote" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from promote" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from promote" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from promote" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from promote" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from remove" -s m -l message -d 'Why' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from remove" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from remove" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from remove" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from edit" -s F -l file -d 'A file with the words, `-` for standard input' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from edit" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from edit" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from edit" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from edit" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from edit" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from edit" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from search" -s a -l about -d 'A file or folder that it is about, from where you are; repeatable' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from search" -s n -l limit -d 'At most this many' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from search" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from search" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from search" -l all -d 'Also notes that are only proposed, and stale ones'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from search" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from search" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from search" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from search" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from help" -f -a "list" -d 'Show all notes, oldest first'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show a note, and where it comes from'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from help" -f -a "add" -d 'Write a note'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from help" -f -a "promote" -d 'Have notes shown to tasks from now on'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Take notes away, in every clone; what says the same is not taken from an agent again'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from help" -f -a "edit" -d 'Replace the words of a note'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from help" -f -a "search" -d 'Find what a task would be shown'
complete -c aifactory -n "__fish_aifactory_using_subcommand memory; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aifactory -n "__fish_aifactory_using_subcommand search" -s n -l limit -d 'At most this many hits' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand search" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand search" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand search" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand search" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand search" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand search" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand sync" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand sync" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand sync" -s n -l dry-run -d 'Change nothing, here or there; say what would happen'
complete -c aifactory -n "__fish_aifactory_using_subcommand sync" -l restore-remote -d 'Put the state back where somebody deleted, replaced or spoilt it; what is there now is kept aside'
complete -c aifactory -n "__fish_aifactory_using_subcommand sync" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand sync" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand sync" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand sync" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand import" -l only -d 'The ideas with these numbers; `-n` lists them' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand import" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand import" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand import" -s n -l dry-run -d 'Say what would come in, and change nothing'
complete -c aifactory -n "__fish_aifactory_using_subcommand import" -l write-back -d 'Afterwards write the tasks\' marks back into the file'
complete -c aifactory -n "__fish_aifactory_using_subcommand import" -l force -d 'Replace workflows and roles that are there'
complete -c aifactory -n "__fish_aifactory_using_subcommand import" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand import" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand import" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand agents" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand agents" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand agents" -s i -l installed -d 'Only those that are installed'
complete -c aifactory -n "__fish_aifactory_using_subcommand agents" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand agents" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand agents" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand agents" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand usage" -l by -d 'task, agent, model, day or phase' -r -f -a "task\t''
agent\t''
model\t''
day\t''
phase\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand usage" -l since -d 'Only runs that began then or later: 2h or 7d (ago), today, yesterday, 2026-01-31, 2026-01-31T12:00:00 in UTC' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand usage" -l until -d 'Only runs that began before then; a date is meant with its whole day' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand usage" -s n -l limit -d 'At most this many lines; the total is always of all' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand usage" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand usage" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand usage" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand usage" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand usage" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand usage" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand import-claude-credentials" -l from -d 'The file to read, - for standard input; without it, Claude Code\'s own' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand import-claude-credentials" -l env-file -d 'The file to write, whose other lines stay as they are; without it, secrets.env in your settings folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand import-claude-credentials" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand import-claude-credentials" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand import-claude-credentials" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand import-claude-credentials" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand import-claude-credentials" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand import-claude-credentials" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and not __fish_seen_subcommand_from get set unset list help" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and not __fish_seen_subcommand_from get set unset list help" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and not __fish_seen_subcommand_from get set unset list help" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and not __fish_seen_subcommand_from get set unset list help" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and not __fish_seen_subcommand_from get set unset list help" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and not __fish_seen_subcommand_from get set unset list help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and not __fish_seen_subcommand_from get set unset list help" -f -a "get" -d 'Print one value'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and not __fish_seen_subcommand_from get set unset list help" -f -a "set" -d 'Write a value for this clone'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and not __fish_seen_subcommand_from get set unset list help" -f -a "unset" -d 'Take a value out again'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and not __fish_seen_subcommand_from get set unset list help" -f -a "list" -d 'All settings (the default)'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and not __fish_seen_subcommand_from get set unset list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from get" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from get" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from get" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from set" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from set" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from set" -l user -d 'For all your repositories'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from set" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from unset" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from unset" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from unset" -l user -d 'From the settings for all your repositories'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from unset" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from unset" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from unset" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from unset" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from list" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from list" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "get" -d 'Print one value'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "set" -d 'Write a value for this clone'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "unset" -d 'Take a value out again'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "list" -d 'All settings (the default)'
complete -c aifactory -n "__fish_aifactory_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aifactory -n "__fish_aifactory_using_subcommand trust" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand trust" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand trust" -s y -l yes -d 'Say yes without being asked, in CI for instance'
complete -c aifactory -n "__fish_aifactory_using_subcommand trust" -l full -d 'Let agents with the permission `full` run commands on this machine'
complete -c aifactory -n "__fish_aifactory_using_subcommand trust" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand trust" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand trust" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand trust" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand doctor" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand doctor" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand doctor" -l repair -d 'Set right what can be: records that cannot be read are written anew from their events, dead workers cleaned up'
complete -c aifactory -n "__fish_aifactory_using_subcommand doctor" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand doctor" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand doctor" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand gc" -l keep-logs -d 'Keep the live logs of runs this young' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand gc" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand gc" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand gc" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand gc" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand gc" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand gc" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand quickstart" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand quickstart" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand quickstart" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand quickstart" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand quickstart" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand quickstart" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand ask" -s c -l choice -d 'One of the answers that make sense' -r
complete -c aifactory -n "__fish_aifactory_using_subcommand ask" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand ask" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand ask" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand ask" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand ask" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand ask" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand progress" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand progress" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand progress" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand progress" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand progress" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand progress" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c aifactory -n "__fish_aifactory_using_subcommand completions" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand completions" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand completions" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand completions" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand completions" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand completions" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand man" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand man" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand man" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand man" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand man" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand man" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand __runbook" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand __runbook" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand __runbook" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand __runbook" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand __runbook" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand __runbook" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand __auto-sync" -s C -d 'Run as if started in this folder' -r -F
complete -c aifactory -n "__fish_aifactory_using_subcommand __auto-sync" -l color -d 'When to use colour: always, never or auto' -r -f -a "always\t''
never\t''
auto\t''"
complete -c aifactory -n "__fish_aifactory_using_subcommand __auto-sync" -l json -d 'Answer in JSON: one object with a `schema`'
complete -c aifactory -n "__fish_aifactory_using_subcommand __auto-sync" -s q -l quiet -d 'Say nothing but the answer'
complete -c aifactory -n "__fish_aifactory_using_subcommand __auto-sync" -s v -l verbose -d 'Say more: agents\' output, causes'
complete -c aifactory -n "__fish_aifactory_using_subcommand __auto-sync" -s h -l help -d 'Print help'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "init" -d 'Begin in this repository, or bring it up to date'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "new" -d 'Add a task'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "list" -d 'List tasks'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "show" -d 'Show tasks: what they are, where they stand, what to do next'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "edit" -d 'Edit a task in your editor'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "set" -d 'Change fields of tasks'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "cancel" -d 'Cancel tasks'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "spec" -d 'Show or write what must be true when a task is done'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "plan" -d 'Show, write, check or propose how to get there, in steps'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "approve" -d 'Say yes to spec and plan as they are now'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "reject" -d 'Say no to a plan, or to work under review'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "claim" -d 'Take tasks for yourself'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "release" -d 'Give tasks back that you had claimed'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "run" -d 'Carry out tasks'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "work" -d 'Work on what is ready, and wait for more'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "status" -d 'Show what runs, what waits for you, what is ready'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "log" -d 'Show the history of a task: who, when, what changed'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "say" -d 'Say something to a task\'s agent'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "answer" -d 'Answer the question a task waits for'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "attach" -d 'Go on with a task\'s agent yourself'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "stop" -d 'Stop running tasks'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "pause" -d 'Hold tasks back'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "resume" -d 'Let paused tasks go on, and parked ones at once'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "retry" -d 'Try tasks again'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "path" -d 'Print where a task\'s worktree is'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "shell" -d 'Open a shell in a task\'s worktree'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "exec" -d 'Run a command in a task\'s worktree'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "diff" -d 'Show what a task changed'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "review" -d 'Show what you need to judge a task: spec, change, evidence, cost'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "merge" -d 'Merge tasks that are ready for review'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "discard" -d 'Throw away the work of the named tasks'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "changelog" -d 'Say what changed between two revisions'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "do" -d 'Do something small to a task by its name; without a name: list what there is'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "prompt" -d 'List the roles of agents, or show what one is told'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "workflow" -d 'List, show or check the ways that tasks go through their phases'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "message" -d 'Notes between people and agents'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "memory" -d 'What tasks taught, for the tasks that come after them'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "search" -d 'Search titles, specs, plans and messages'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "sync" -d 'Share the state through a git remote'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "import" -d 'Take a backlog in: a TODO.md, or a folder of Markdown files; or workflows from another factory'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "agents" -d 'List the agents that can be used here, or show one'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "usage" -d 'Show what runs used: time, tokens, money'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "import-claude-credentials" -d 'Take over the log-in of Claude Code for agents that run here'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "config" -d 'Show or change settings'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "trust" -d 'Let the commands of the project\'s policy run on this machine'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "doctor" -d 'Check that everything aifactory needs is in order, and say what to do'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "gc" -d 'Pack the state\'s objects, drop logs of old runs and transcripts older than transcripts.age'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "quickstart" -d 'See it work: a small project of its own, four tasks, verified merges'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "ask" -d 'Ask a person, from inside a run'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "progress" -d 'Say how far you are, from inside a run'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "completions" -d 'Print a completion script for your shell'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "man" -d 'Print a manual page'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "__runbook"
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "__auto-sync"
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and not __fish_seen_subcommand_from init new list show edit set cancel spec plan approve reject claim release run work status log say answer attach stop pause resume retry path shell exec diff review merge discard changelog do prompt workflow message memory search sync import agents usage import-claude-credentials config trust doctor gc quickstart ask progress completions man __runbook __auto-sync help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from spec" -f -a "show" -d 'Print it'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from spec" -f -a "set" -d 'Replace it by a file, `-` for standard input'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from spec" -f -a "edit" -d 'Open it in your editor'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from spec" -f -a "check" -d 'Report what is wrong with it'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from spec" -f -a "write" -d 'Have an agent write it'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "show" -d 'Print it'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "set" -d 'Replace it by a file, `-` for standard input'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "edit" -d 'Open it in your editor'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "check" -d 'Report what is wrong with it'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "write" -d 'Have an agent write it'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "propose" -d 'Put it on a branch for a pull request: spec and plan in one file'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "follow" -d 'See what became of proposed plans: merged, or closed'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "import" -d 'Take in a plan from elsewhere; with a signature that counts here it is approved'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "export" -d 'Print spec and plan as one file, to sign or to hand on'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from prompt" -f -a "list" -d 'List the roles, with where each comes from'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from prompt" -f -a "show" -d 'Show a role: what it may do, what it must leave, what it is told'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from workflow" -f -a "list" -d 'List them, with where each comes from'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from workflow" -f -a "show" -d 'Show one: its phases, conditions and loops'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from workflow" -f -a "check" -d 'Say what is wrong with workflows, roles and actions'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from message" -f -a "post" -d 'Leave a message'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from message" -f -a "list" -d 'Show messages, oldest first'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from message" -f -a "show" -d 'Show a message with its whole thread'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from message" -f -a "watch" -d 'Show new messages as they come, until Ctrl-C'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from memory" -f -a "list" -d 'Show all notes, oldest first'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from memory" -f -a "show" -d 'Show a note, and where it comes from'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from memory" -f -a "add" -d 'Write a note'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from memory" -f -a "promote" -d 'Have notes shown to tasks from now on'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from memory" -f -a "remove" -d 'Take notes away, in every clone; what says the same is not taken from an agent again'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from memory" -f -a "edit" -d 'Replace the words of a note'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from memory" -f -a "search" -d 'Find what a task would be shown'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "get" -d 'Print one value'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "set" -d 'Write a value for this clone'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "unset" -d 'Take a value out again'
complete -c aifactory -n "__fish_aifactory_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "list" -d 'All settings (the default)'
