(** What a text states is true if the program proves the obligations that are made of it.

    How the program finds what a text states need not be believed: [says] compares.  Nor how obligations
    are made: [true_if_hold]. *)
From Coq Require Import QArith String List Arith.
From Certify Require Import Language Tree Subtrees Claims StableLoop StableFlow OutputClaim Outputs SafetyClaim
  SafeLoop ResidualClaim Residuals ExtensionClaim Pavings Crossings Extended StableCases RecoveryClaim Recoveries RuleClaim Rules
  Reader RuleText Statements.
Import ListNotations.
Local Open Scope nat_scope.
Local Open Scope list_scope.

(** The obligations; in discrete time with differences written as differences, or not. *)
Definition needed (by_differences : bool) (s : statement) : option (list obligation) :=
  match s with
  | Holding o => Some [o]
  | Stable c => stable_obligations by_differences c
  | Attracting c => flow_obligations c
  | Guarded c => safe_obligations c
  | Shielded c => safe_flow_obligations c
  | Bounded c => Some (output_obligations c)
  | Settling r => residual_obligations r by_differences
  | Subsiding r => residual_flow_obligations r
  | Extended e => if ready e then stable_obligations by_differences (core e) else None
  | Extending e => if ready e then Some [] else None
  | Recovered c => if roomy c then Some [] else None
  | Ruled c => rule_obligations c
  end.

(** Why there are none, where cells are not as they are said to be: for messages. *)
Definition unfit_cells (s : statement) : option misfit :=
  match s with
  | Extended e | Extending e => unfit (bounds (core e)) (cells_of e) (most_steps e) (covered e)
  | Recovered c => unfit (bounds (steered c)) (room_of c) (deadline c) (room_size c)
  | _ => None
  end.

(** Besides, every cell of a paving has to be shown: those that are kept, with their times, and of
    T-REACH-D others too.  What [course_for] gives is computed once for all of them. *)
Definition cell : Type := list (Q * Q) * option nat.
Definition to_show (s : statement) : list cell :=
  match s with
  | Extended e | Extending e => cells_before false (cells_of e) (bounds (core e)) []
  | Recovered c => cells_to_show c
  | _ => []
  end.
Inductive course_of_claim := Onward (o : course) | Homeward (o : pursuit) | Nowhere.
Definition course_for (names : nat) (s : statement) : course_of_claim :=
  match s with
  | Extended e | Extending e => Onward (course_of names e)
  | Recovered c => Homeward (pursuit_of names c)
  | _ => Nowhere
  end.
Definition shown (o : course_of_claim) (deeper hops degree : nat) (c : cell) : bool :=
  match o, c with
  | Onward o, (b, Some time) => crosses o deeper hops degree (b, time)
  | Homeward o, _ => recovers o deeper hops degree c
  | _, _ => false
  end.
Definition all_shown (names : nat) (s : statement) : Prop := forall c, In c (to_show s) ->
  exists deeper hops degree, shown (course_for names s) deeper hops degree c = true.

Theorem true_if_hold d names s l : needed d s = Some l -> (forall o, In o l -> holds o) -> all_shown names s -> true_of s.
Proof.
  assert (Kept : forall e, all_shown names (Extended e) -> forall c, In c (ExtensionClaim.kept (cells_of e) (bounds (core e))) ->
    exists deeper hops degree, crosses (course_of names e) deeper hops degree c = true).
  { intros e C [b t] I. apply (C (b, Some t)). now apply kept_before. }
  destruct s; cbn [needed true_of]; intros M H C.
  - inversion M; subst. apply H. now left.
  - now apply (stable_by_obligations d c l).
  - now apply (flow_if_hold c l).
  - now apply (safe_if_hold c l).
  - now apply (safe_flow_if_hold c l).
  - inversion M; subst. now apply bounded_if_hold.
  - now apply (settling_if_hold d r l).
  - now apply (settling_flow_if_hold r l).
  - destruct (ready e) eqn:R; [|discriminate]. apply (extended_if_stable names e (stable_by_obligations d (core e) l M H) R). now apply Kept.
  - destruct (ready e) eqn:R; [|discriminate]. intros S. apply (extended_if_stable names e S R). now apply Kept.
  - destruct (roomy c) eqn:R; [|discriminate]. now apply (recovered_if_shown names c R).
  - now apply (ruled_if_hold c l).
Qed.

(** * Nothing else is written like it *)

Ltac next_part lemma H :=
  apply (f_equal (@tl word)) in H; cbn [tl app] in H; rewrite <- ?app_assoc in H; apply lemma in H; destruct H as [<- H].
Lemma code_option : code print_option.
Proof.
  intros [a|] [b|] r s H; cbn [print_option app] in H; try (apply (f_equal (hd [])) in H; discriminate H).
  - next_part code_rational H. auto.
  - apply (f_equal (@tl word)) in H. auto.
Qed.
Lemma code_system : code print_system.
Proof.
  intros [a b c d] [a' b' c' d'] r s H. unfold print_system in H. cbn [bounds others plant outputs app] in H.
  rewrite <- !app_assoc in H. cbn [app] in H. rewrite <- ?app_assoc in H.
  next_part (code_list _ code_pair) H. next_part (code_list _ code_pair) H.
  next_part (code_list _ code_node) H. next_part (code_list _ code_nat) H. auto.
Qed.
Lemma code_claim : code print_claim.
Proof.
  intros a b u w H. destruct a as [l v p d r q], b as [l' v' p' d' r' q']. unfold print_claim in H.
  cbn [loop lyapunov level decay rest cube] in H. rewrite <- !app_assoc in H.
  apply code_system in H. destruct H as [<- H]. cbn [app] in H. rewrite <- ?app_assoc in H.
  next_part (code_list _ code_node) H. next_part code_rational H. next_part code_rational H.
  next_part (code_list _ code_rational) H. next_part (code_list _ code_rational) H. auto.
Qed.
Lemma claim_injective a b : print_claim a = print_claim b -> a = b.
Proof.
  intros H. rewrite <- (app_nil_r (print_claim a)), <- (app_nil_r (print_claim b)) in H.
  now apply code_claim in H.
Qed.
Lemma code_function : code print_function.
Proof.
  intros a b r s H. unfold print_function in H. cbn [app] in H. next_part (code_list _ code_node) H. auto.
Qed.
Lemma safety_injective a b : print_safety a = print_safety b -> a = b.
Proof.
  intros H. rewrite <- (app_nil_r (print_safety a)), <- (app_nil_r (print_safety b)) in H.
  destruct a as [l h i f], b as [l' h' i' f']. unfold print_safety in H.
  cbn [guarded barrier starts_in never_in] in H. rewrite <- !app_assoc in H.
  apply code_system in H. destruct H as [<- H]. cbn [app] in H. rewrite <- ?app_assoc in H.
  next_part (code_list _ code_node) H. next_part (code_list _ code_function) H. next_part (code_list _ code_function) H.
  reflexivity.
Qed.
Lemma output_injective a b : print_output a = print_output b -> a = b.
Proof.
  intros H. rewrite <- (app_nil_r (print_output a)), <- (app_nil_r (print_output b)) in H.
  destruct a as [i p l u], b as [i' p' l' u']. unfold print_output in H.
  cbn [inputs measured low_bound high_bound app] in H. rewrite <- !app_assoc in H. cbn [app] in H. rewrite <- ?app_assoc in H.
  next_part (code_list _ code_pair) H. next_part (code_list _ code_node) H.
  next_part code_option H. next_part code_option H. reflexivity.
Qed.
Lemma residual_injective a b : print_residual a = print_residual b -> a = b.
Proof.
  intros H. destruct a as [c q], b as [c' q']. unfold print_residual in H. cbn [around residual] in H.
  apply code_claim in H. destruct H as [<- H]. apply (f_equal (@tl word)) in H. cbn [tl] in H.
  rewrite <- (app_nil_r (print_rational q)), <- (app_nil_r (print_rational q')) in H.
  apply code_rational in H. now destruct H as [<- _].
Qed.
Lemma print_paving_injective p : forall q r s, print_paving p r = print_paving q s -> p = q /\ r = s.
Proof.
  induction p as [t| |i m lower IHl upper IHu]; intros [t'| |i' m' lower' upper'] r s H; cbn [print_paving] in H;
    try (apply (f_equal (hd [])) in H; discriminate H); apply (f_equal (@tl word)) in H; cbn [tl] in H.
  - pose proof (f_equal (hd []) H) as N. apply (f_equal (@tl word)) in H. cbn [hd tl] in N, H.
    apply numeral_injective in N. now subst.
  - auto.
  - pose proof (f_equal (hd []) H) as N. apply (f_equal (@tl word)) in H. cbn [hd tl] in N, H.
    apply numeral_injective in N. change (print_rational m ++ print_paving lower (print_paving upper r) =
      print_rational m' ++ print_paving lower' (print_paving upper' s)) in H.
    apply code_rational in H. destruct H as [<- H]. apply IHl in H. destruct H as [<- H].
    apply IHu in H. destruct H as [<- <-]. now subst.
Qed.
Lemma extension_injective a b : print_extension a = print_extension b -> a = b.
Proof.
  intros H. destruct a as [c n v p], b as [c' n' v' p']. unfold print_extension in H.
  cbn [core most_steps covered cells_of] in H. apply code_claim in H. destruct H as [<- H]. cbn [app] in H.
  next_part code_nat H. next_part code_rational H. apply (f_equal (@tl word)) in H. cbn [tl] in H.
  apply print_paving_injective in H. now destruct H as [<- _].
Qed.
Lemma code_away : code print_away.
Proof.
  intros [a|] [b|] r s H; cbn [print_away app] in H; try (apply (f_equal (hd [])) in H; discriminate H).
  - next_part code_nat H. auto.
  - apply (f_equal (@tl word)) in H. auto.
Qed.
Lemma recovery_injective a b : print_recovery a = print_recovery b -> a = b.
Proof.
  intros H. destruct a as [l t i w n v p], b as [l' t' i' w' n' v' p']. unfold print_recovery in H.
  cbn [steered target starting away deadline room_size room_of] in H.
  apply code_system in H. destruct H as [<- H]. cbn [app] in H.
  next_part (code_list _ code_function) H. next_part (code_list _ code_function) H. next_part code_away H.
  next_part code_nat H. next_part code_rational H. apply (f_equal (@tl word)) in H. cbn [tl] in H.
  apply print_paving_injective in H. now destruct H as [<- _].
Qed.
Theorem print_injective a b : print a = print b -> a = b.
Proof.
  destruct a, b; intros H; cbn [print] in H; try (apply (f_equal (hd [])) in H; discriminate H);
    apply (f_equal (@tl word)) in H; cbn [tl] in H; f_equal;
    auto using obligation_injective, claim_injective, safety_injective, output_injective, residual_injective,
      extension_injective, recovery_injective, rules_injective.
Qed.

(** * What the program runs *)

(** ** Flags for programs that the kernel makes: untrusted *)

(** How many components each vector has, the newest first. *)
Definition size_of (sizes : list nat) (c : node Q) : nat :=
  match c with
  | Const _ | Var _ | Index _ _ | Select _ _ _ => 1
  | Stack l => length l
  | Affine rows _ => length rows
  | Neg a | Call _ a | Step a | Add a _ | Sub a _ | Mul a _ | Max a _ | Quotient _ a _ | Quotient2 _ a _
  | Increment _ a _ => nth a sizes 0
  end.
(** In which order errors get names, as in [proofs/checker/symbols.py], where their number is stated or
    is not; None for what is linear, and products. *)
Definition rank_of (stated : bool) (size : nat) (c : node Q) : option nat :=
  let alone := Nat.leb size 1 in
  match c with
  | Increment _ _ _ => Some (if alone then 0 else 1)
  | Call Relu _ | Call Abs _ | Max _ _ | Step _ | Select _ _ _ => Some (if Bool.eqb alone stated then 2 else 3)
  | Call (Pow 2) _ => None
  | Call _ _ | Quotient _ _ _ | Quotient2 _ _ _ => Some (if alone then 5 else 4)
  | _ => None
  end.
Fixpoint ranked (stated : bool) (p : list (node Q)) (sizes : list nat) : list (option nat * nat) :=
  match p with
  | [] => []
  | c :: p => let n := size_of sizes c in (rank_of stated n c, n) :: ranked stated p (n :: sizes)
  end.
(** Names for those of rank [r], [most] altogether. *)
Fixpoint name_rank (most r used : nat) (l : list (option nat * nat)) (named : list bool) : nat * list bool :=
  match l, named with
  | (s, n) :: l, b :: named =>
    let take := match s with Some q => Nat.eqb q r && Nat.leb (used + n) most | None => false end in
    let (used, named) := name_rank most r (if take then used + n else used) l named in
    (used, (b || take)%bool :: named)
  | _, _ => (used, named)
  end.
Definition named (names : option nat) (p : list (node Q)) : list bool :=
  let (stated, most) := match names with Some n => (true, n) | None => (false, 24) end in
  let l := ranked stated p [] in
  snd (fold_left (fun un r => name_rank most r (fst un) l (snd un)) (seq 0 6) (0, map (fun _ => false) p)).

(** Where the formula is tried: at the last of the atoms that come in the same round, counted back; rounds
    are those of [Arranging.v]. *)
Fixpoint tried_at (r : nat) (f : formula) (ends : list nat) : list nat :=
  match f with
  | Positive k | Nonnegative k | Defined k =>
    firstn r (ends ++ repeat k (r - length ends)) ++ Nat.min k (nth r ends k) :: skipn (S r) ends
  | And a b => tried_at r b (tried_at r a ends)
  | Or a b =>
    tried_at (match a with And _ _ | Or _ _ => r | _ => S r end) b (tried_at r a ends)
  end.
Definition usual (names : option nat) (o : obligation) : list (bool * bool) :=
  let n := length (program o) in
  let ends := tried_at 0 (goal o) [] in
  combine (named names (program o)) (map (fun i => existsb (Nat.eqb (n - S i)) ends) (seq 0 n)).

Definition says (bytes : list nat) (s : statement) : bool := same_words (split_onto [] [] bytes) (print s).

(** The program proved an obligation: it divided the tree of some task and proved all parts. *)
Definition proved (o : obligation) : Prop := exists t w plan boxes, prepare o t = Some w /\
  divided w t plan = Some boxes /\ forall b, In b boxes -> exists tree, grown w t b tree = true.

(** From bytes to what is true: whatever a text states, if the program found it in the text and proved
    all obligations that it made of it, and every cell. *)
Theorem accepted_ok bytes s d names l : says bytes s = true -> needed d s = Some l ->
  (forall o, In o l -> proved o) -> all_shown names s -> forall stated, states bytes stated -> true_of stated.
Proof.
  intros S M P C stated E. apply same_words_ok in S. rewrite split_onto_ok in S. cbn [rev app] in S. fold (words bytes) in S. unfold states in E. rewrite S in E.
  apply print_injective in E. rewrite <- E. apply (true_if_hold d names s l M); auto. intros o I.
  destruct (P o I) as [t [w [plan [boxes [A [B G]]]]]]. now apply (divided_ok o t w plan boxes).
Qed.
