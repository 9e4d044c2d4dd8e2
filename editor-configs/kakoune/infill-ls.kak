# infill-ls for Kakoune with kakoune-lsp 18 or later, beside the language's own server. Not driven by
# the tests: written after kakoune-lsp's README ("Configuration", "Multiple language servers"). Add
# this to your kakrc after `eval %sh{kak-lsp}`; lsp-enable or lsp-enable-window must be there, too.
# The fill is an item of the completion menu. Settings of infill-ls belong into its own file.
hook global BufSetOption filetype=.+ %{
    set-option -add buffer lsp_servers %{
        [infill-ls]
        args = ["serve"]
        root_globs = [".git", ".hg"]
    }
}
