;;; infill-ls.el --- Fill-in-the-middle completion in Emacs  -*- lexical-binding: t -*-

;; For Emacs 28.1 or later with lsp-mode 10 or later, which shows suggestions at the cursor. Put
;; this file somewhere and add (load "/that/place/infill-ls") to your init file; infill-ls must be
;; on `exec-path'.

(require 'cl-lib)
(require 'seq)
(require 'lsp-mode)
(require 'lsp-inline-completion)

(defgroup infill-ls nil
  "Fill-in-the-middle completion with a model of your own."
  :group 'lsp-mode)

(defcustom infill-ls-modes
  '(c-mode c-ts-mode c++-mode c++-ts-mode csharp-mode csharp-ts-mode css-mode css-ts-mode
    elixir-mode elixir-ts-mode go-mode go-ts-mode haskell-mode html-mode html-ts-mode java-mode
    java-ts-mode js-mode js-ts-mode js2-mode kotlin-mode kotlin-ts-mode lua-mode lua-ts-mode
    mhtml-mode perl-mode php-mode php-ts-mode python-mode python-ts-mode ruby-mode ruby-ts-mode
    rust-mode rust-ts-mode rustic-mode scala-mode scss-mode sh-mode bash-ts-mode sql-mode
    swift-mode tsx-ts-mode typescript-mode typescript-ts-mode)
  "The major modes in which infill-ls runs."
  :type '(repeat symbol))

(defcustom infill-ls-settings nil
  "Settings of infill-ls as an alist: \\='((model . \"qwen2.5-coder:3b\"))."
  :type '(alist :key-type symbol))

;; A person pauses between words for longer than this, and between letters for less. The default of
;; 2 s is the time of a walk to the door. lsp-mode waits for the longer of the two.
(setq lsp-inline-completion-idle-delay 0.2
      lsp-idle-delay 0.2)

;;; The server

(defvar infill-ls--state "starting"
  "What the server is doing: idle, asking, loading, off or problem.")

(defvar infill-ls--message nil
  "What the server has to say about its state.")

(defun infill-ls--status (_workspace status)
  "Show STATUS, of a server that says what it is doing."
  (setq infill-ls--state (lsp-get status :state)
        infill-ls--message (lsp-get status :message))
  (force-mode-line-update t))

(defun infill-ls--command (command &optional arguments)
  "Have infill-ls, and no other server, do COMMAND with ARGUMENTS."
  (let ((workspace (or (lsp-find-workspace 'infill-ls)
                       (user-error "Infill-ls is not running here"))))
    (with-lsp-workspace workspace
      (lsp-request-async "workspace/executeCommand"
                         `(:command ,command :arguments ,(or arguments []))
                         #'ignore :mode 'detached))))

(lsp-register-client
 (make-lsp-client
  :server-id 'infill-ls
  :new-connection (lsp-stdio-connection '("infill-ls" "serve"))
  :major-modes infill-ls-modes
  :add-on? t      ; beside the language's own server
  :multi-root t   ; one for all projects, since there is one model
  :initialization-options (lambda () infill-ls-settings)
  :custom-capabilities '((experimental . ((infill-ls/status . t))))
  :notification-handlers (lsp-ht ("infill-ls/status" #'infill-ls--status))
  :action-handlers (lsp-ht ("infill-ls.accept"
                            (lambda (action)
                              (infill-ls--command "infill-ls.accept"
                                                  (lsp-get action :arguments)))))
  :after-open-fn (lambda () (infill-ls-mode))))

(dolist (mode infill-ls-modes)
  (add-hook (intern (format "%s-hook" mode)) #'lsp-deferred))

;; lsp-mode asks if the cursor is still where it was at the change. A bracket that is closed by
;; itself is a change, too, and then the cursor goes back before it: where it is after the command
;; counts. While a suggestion is shown lsp-mode has the cursor elsewhere, and need not ask.
(defvar-local infill-ls--tick nil
  "Which state of the buffer the last command left.")

(defun infill-ls--after-command ()
  "Have lsp-mode ask where the cursor is after a command that changed the buffer."
  (let ((tick (buffer-chars-modified-tick)))
    (unless (eq tick infill-ls--tick)
      (setq infill-ls--tick tick)
      (when (and lsp--after-change-vals (not (lsp-inline-completion--active-p)))
        (plist-put lsp--after-change-vals :point (point))))))

;; infill-ls always answers: within 10 s, and within 30 s if asked by hand. lsp-mode by itself would
;; give up after 10 s with an error. Any key ends the waiting.
(define-advice lsp-inline-completion-display (:around (display &rest arguments) infill-ls)
  "Wait for as long as infill-ls may take."
  (let ((lsp-response-timeout 35))
    (apply display arguments)))

;;; Commands

(defun infill-ls-toggle ()
  "Turn infill-ls off, or on again."
  (interactive)
  (infill-ls--command "infill-ls.toggle"))

(defun infill-ls--shown ()
  "The item that is shown."
  (elt lsp-inline-completion--items lsp-inline-completion--current))

(defun infill-ls--passed (text closers)
  "Where TEXT has gone through each of CLOSERS, in order; `no' if it hasn't all of them.
That of a bracket which TEXT opens itself is another one, unless they can't be found otherwise."
  (cl-loop
   for openers in '("([{" "")
   do (let ((left (append closers nil)) (depth 0) found)
        (dotimes (at (length text))
          (let ((character (aref text at)))
            (cond ((and left (zerop depth) (eq character (car left)))
                   (pop left)
                   (push (1+ at) found))
                  ((seq-contains-p openers character) (cl-incf depth))
                  ((seq-contains-p ")]}" character) (setq depth (max 0 (1- depth)))))))
        (unless left (cl-return (nreverse found))))
   finally return 'no))

(defun infill-ls--accept-part (pattern)
  "Accept what PATTERN matches at the suggestion's beginning, and show the rest.
Of the closers right of the cursor it replaces those that this goes through."
  (let* ((item (infill-ls--shown))
         (text (lsp-get item :insertText))
         (range (lsp-get item :range)))
    (if (not (and range (string-match pattern text) (< (match-end 0) (length text))))
        (lsp-inline-completion-accept)
      (let* ((part (match-string 0 text))
             (passed (infill-ls--passed text (lsp--range-text range))))
        (lsp-inline-completion--clear-overlay)
        (goto-char lsp-inline-completion--start-point)
        (delete-char (if (listp passed)
                         (seq-count (lambda (at) (<= at (length part))) passed)
                       0))
        (insert part)
        (lsp-inline-completion-display 'implicit)))))

(defun infill-ls-accept-word ()
  "Accept the next word of the suggestion."
  (interactive)
  (infill-ls--accept-part "\\`[[:space:]\n]*\\(?:[[:word:]_]+\\|[^[:word:]_[:space:]\n]+\\)"))

(defun infill-ls-accept-line ()
  "Accept the next line of the suggestion."
  (interactive)
  (infill-ls--accept-part "\\`\n*[^\n]*"))

(defun infill-ls-type ()
  "Type a character, and go on showing the suggestion if it begins with that."
  (interactive)
  (let* ((item (infill-ls--shown))
         (text (lsp-get item :insertText))
         (range (lsp-get item :range))
         (fits (and range (stringp text) (> (length text) 1)
                    (eq (aref text 0) last-command-event)))
         (start lsp-inline-completion--start-point)
         (size (buffer-size)))
    (lsp-inline-completion-cancel)
    (setq this-command 'self-insert-command)
    (self-insert-command 1)
    ;; A mode that closes brackets puts in a closer more, right of the cursor, or lets one be typed
    ;; over; another one may have indented the line.
    (when (and fits (= (point) (1+ start)))
      (let ((grown (- (buffer-size) size))
            (rest (substring text 1)))
        (cl-loop for end in (list (lsp-get range :start) (lsp-get range :end))
                 for moved in (list 1 grown)
                 do (lsp-put end :character (+ moved (lsp-get end :character))))
        (let ((closers (and (>= (lsp-get (lsp-get range :end) :character)
                                (lsp-get (lsp-get range :start) :character))
                            (lsp--range-text range))))
          (unless (or (null closers)
                      (equal rest closers)
                      (eq 'no (infill-ls--passed rest closers)))
            (lsp-put item :insertText rest)
            (setq lsp-inline-completion--items (list item)
                  lsp-inline-completion--current 0
                  lsp-inline-completion--start-point (point))
            (lsp-inline-completion-show-overlay)))))))

(put 'infill-ls-type 'delete-selection 'delete-selection-uses-region-p)

;;; Keys

;; While a suggestion is shown; those of Emacs' own `completion-preview-mode', and C-e. C-n and C-p,
;; which would go to other suggestions, go to other lines.
(let ((map lsp-inline-completion-active-map))
  (dolist (key '("TAB" "<tab>"))
    (lsp-inline-completion--define-key map (kbd key) #'lsp-inline-completion-accept 'keep))
  (lsp-inline-completion--define-key map (kbd "M-f") #'infill-ls-accept-word 'keep)
  (lsp-inline-completion--define-key map (kbd "C-e") #'infill-ls-accept-line 'keep)
  (lsp-inline-completion--define-key map (kbd "M-n") #'lsp-inline-completion-next 'keep)
  (lsp-inline-completion--define-key map (kbd "M-p") #'lsp-inline-completion-prev 'keep)
  (lsp-inline-completion--define-key map [remap self-insert-command] #'infill-ls-type 'keep)
  (define-key map (kbd "C-n") nil)
  (define-key map (kbd "C-p") nil))

(define-minor-mode infill-ls-mode
  "On where infill-ls runs, for its keys and its state in the mode line."
  :lighter (" infill:" (:propertize (:eval infill-ls--state) help-echo infill-ls--message))
  :keymap (let ((map (make-sparse-keymap)))
            (define-key map (kbd "C-c i") #'lsp-inline-completion-display)  ; ask now
            (define-key map (kbd "C-c I") #'infill-ls-toggle)
            map)
  (if infill-ls-mode
      (add-hook 'post-command-hook #'infill-ls--after-command nil t)
    (remove-hook 'post-command-hook #'infill-ls--after-command t)))

(provide 'infill-ls)
;;; infill-ls.el ends here
