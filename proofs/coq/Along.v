(** L-RAY: a program along a ray from the equilibrium, with its quotients.

    [along] writes the operations of a program again, with other operations for its variables, and for
    each of them its quotients of first and second order where there are rules for them. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Arith.
From Certify Require Import Language Scalars Inline Walks Rays ExactValues Quotients SecondQuotients.
Import ListNotations.
Local Open Scope R_scope.

Definition write_maybe (t : option part) (s : list operation) : list operation * option nat :=
  match t with
  | Some t => if written_below (length s) t then let (s', p) := write t s in (s', Some p) else (s, None)
  | None => (s, None)
  end.

Definition either {A} (a b : option A) : option A := match a with Some _ => a | None => b end.

Section Along.
Variable vars : list entry.                            (* for the variables of the program *)
Variable zero : nat.                                   (* where the constant 0 is *)

Definition ray_operation (es : list entry) (s : list operation) (o : operation)
  : option (list operation * entry) :=
  match o with
  | OVar i => match nth_error vars i with Some e => Some (s, e) | None => None end
  | _ =>
    if settled o && below (length es) (arguments o) then
      let s0 := renamed (fun j => here (entry_at es j)) o :: s in
      let (s1, p1) := write_maybe (quotient_rule es zero first o) s0 in
      let (s2, p2) := write_maybe (either (quotient_rule es zero second o) (either (near_rule es o) (square_rule es o))) s1 in
      Some (s2, Entry (length s) (ray_start es o) p1 p2)
    else None
  end.

Definition along := walk ray_operation.
End Along.

(** What an entry says of an operation: [a] is its value at a point of the ray, [a0] at the start.
    [z]: the variables along the ray, [s]: what is written. *)
Record entry_ok (z : list R) (u : nat -> R) (s : list operation) (r : R) (a a0 : scalar) (e : entry) : Prop :=
  EntryOk
  { here_below : (here e < length s)%nat;
    here_value : get (values z u s) (here e) = a;
    start_value : forall q v, start e = Some q -> a0 = Some v -> v = real q;
    first_below : forall p, first e = Some p -> (p < length s)%nat;
    second_below : forall p, second e = Some p -> (p < length s)%nat;
    first_value : forall q p v w, start e = Some q -> first e = Some p -> a = Some v ->
      get (values z u s) p = Some w -> v = real q + r * w;
    second_value : forall q p v w, start e = Some q -> second e = Some p -> a = Some v ->
      get (values z u s) p = Some w -> v = real q + r * r * w }.

Lemma entry_extends z u s s' r a a0 e : extends s s' -> entry_ok z u s r a a0 e -> entry_ok z u s' r a a0 e.
Proof.
  intros X [H1 H2 H3 H4 H5 H6 H7]. pose proof (extends_length _ _ X). constructor; auto.
  - lia.
  - now rewrite (get_extends z u s s').
  - intros p P. specialize (H4 p P). lia.
  - intros p P. specialize (H5 p P). lia.
  - intros q p v w Q P. rewrite (get_extends z u s s') by auto. eauto.
  - intros q p v w Q P. rewrite (get_extends z u s s') by auto. eauto.
Qed.

Lemma renamed_ok z y c c' m src f o : settled o = true -> (forall i, o <> OVar i) ->
  (forall j, In j (arguments o) -> get m (f j) = get src j) ->
  operate z c m (renamed f o) = operate y c' src o.
Proof.
  intros S N H. destruct o; simpl in *; try discriminate; rewrite ?H by tauto; auto.
  - now elim (N i).
  - f_equal. rewrite map_map. now apply map_ext_in.
Qed.

Lemma write_maybe_ok z u t s s' p : write_maybe t s = (s', p) -> extends s s' /\
  (forall j, p = Some j -> (j < length s')%nat) /\
  (forall j v, p = Some j -> get (values z u s') j = Some v -> exists t', t = Some t' /\
    is_value (values z u s) t' v).
Proof.
  unfold write_maybe. destruct t as [t|].
  2:{ intros H; inversion H; subst. split; [apply extends_refl|]. split; intros; discriminate. }
  destruct (written_below (length s) t) eqn:B.
  2:{ intros H; inversion H; subst. split; [apply extends_refl|]. split; intros; discriminate. }
  destruct (write t s) as [s1 q] eqn:E. intros H; inversion H; subst.
  destruct (write_ok z u t s s' q E B) as [X [L V]]. split; auto. split.
  - intros j J. inversion J. now subst.
  - intros j v J G. inversion J; subst. eauto.
Qed.
Section Sound.
Variables (z : list R) (u : nat -> R) (r : R).         (* the ray *)
Variables (y y0 : list R) (c c0 : nat -> R).           (* the program's variables, there and at the start *)
Variable vars : list entry.
Variable zero : nat.
Hypothesis positive : 0 < r.

Theorem along_ok p s s' es : along vars zero p s = Some (s', es) ->
  (zero < length s)%nat -> get (values z u s) zero = Some 0 ->
  (forall i e, nth_error vars i = Some e -> entry_ok z u s r (nth_error y i) (nth_error y0 i) e) ->
  extends s s' /\ length es = length p /\ forall j, (j < length es)%nat ->
    entry_ok z u s' r (get (values y c p) j) (get (values y0 c0 p) j) (entry_at es j).
Proof.
  intros E Z Z0 Hv.
  destruct (walk_ok (ray_operation vars zero) (K := unit) (Entry 0 None None None)
    (fun p j => (get (values y c p) j, get (values y0 c0 p) j)) (fun s _ s' _ => extends s s')
    (fun s _ a e => entry_ok z u s r (fst a) (snd a) e)) with (s := s) (k := tt) (p := p) (s' := s') (es := es)
    as [_ K]; auto using extends_refl.
  - intros o q j J. now rewrite !values_old.
  - intros s0 _ s1 _ s2 _. apply extends_trans.
  - intros s0 _ s1 _ a e X. now apply entry_extends.
  - clear E p es s'. intros p o es1 s1 _ s' e X1 L1 H1 E2. exists tt. cbn [fst snd] in *.
    rewrite !values_new. pose proof (extends_length _ _ X1) as Ls.
    set (src := values y c p) in *. set (src0 := values y0 c0 p) in *.
    assert (Lsrc : length src = length p) by apply values_length.
    assert (Lsrc0 : length src0 = length p) by apply values_length.
    change (forall j, (j < length es1)%nat -> entry_ok z u s1 r (get src j) (get src0 j) (entry_at es1 j)) in H1.
    assert (Zs : get (values z u s1) zero = Some 0) by (now rewrite (get_extends z u s s1)).
    destruct (match o with OVar _ => true | _ => false end) eqn:Ov.
    { destruct o; try discriminate. simpl in E2. destruct (nth_error vars i) as [e'|] eqn:Ei; [|discriminate].
      inversion E2; subst. split; [apply extends_refl|]. simpl. apply (entry_extends z u s s' r _ _ e X1).
      now apply Hv. }
    assert (Nv : forall i, o <> OVar i) by (intros i ->; discriminate).
    assert (E3 : (if settled o && below (length es1) (arguments o) then
      let s0 := renamed (fun j => here (entry_at es1 j)) o :: s1 in
      let (s1', p1) := write_maybe (quotient_rule es1 zero first o) s0 in
      let (s2, p2) := write_maybe (either (quotient_rule es1 zero second o) (either (near_rule es1 o) (square_rule es1 o))) s1' in
      Some (s2, Entry (length s1) (ray_start es1 o) p1 p2) else None) = Some (s', e))
      by (destruct o; try exact E2; discriminate).
    clear E2. rename E3 into E2. destruct (settled o && below (length es1) (arguments o)) eqn:B; [|discriminate].
    apply andb_prop in B; destruct B as [So B]. cbv zeta in E2.
    set (s0 := renamed (fun j => here (entry_at es1 j)) o :: s1) in *.
    destruct (write_maybe (quotient_rule es1 zero first o) s0) as [sa p1] eqn:W1.
    destruct (write_maybe _ sa) as [sb p2] eqn:W2. inversion E2; subst; clear E2.
    destruct (write_maybe_ok z u _ _ _ _ W1) as [Xa [La Va]].
    destruct (write_maybe_ok z u _ _ _ _ W2) as [Xb [Lb Vb]].
    assert (X0 : extends s1 s0) by apply extends_put.
    pose proof (extends_length _ _ Xa). pose proof (extends_length _ _ Xb).
    assert (L0 : length s0 = S (length s1)) by reflexivity.
    assert (Old : forall t, extends s1 t -> get (values z u t) zero = Some 0 /\
      (forall j, (j < length es1)%nat -> get (values z u t) (here (entry_at es1 j)) = get src j) /\
      quotients_hold es1 (values z u t) src r first /\ quotients_hold es1 (values z u t) src (r * r) second).
    { intros t X. split; [rewrite (get_extends z u s1 t); auto; lia|]. split; [|split].
      - intros j J. destruct (entry_extends z u s1 t r _ _ _ X (H1 j J)) as [_ K _ _ _ _ _]. exact K.
      - intros j q n v w J Q P. apply (first_value _ _ _ _ _ _ _ (entry_extends z u s1 t r _ _ _ X (H1 j J))); auto.
      - intros j q n v w J Q P. apply (second_value _ _ _ _ _ _ _ (entry_extends z u s1 t r _ _ _ X (H1 j J))); auto. }
    assert (X0a : extends s1 sa) by (eapply extends_trans; eauto).
    assert (X0b : extends s1 s') by (eapply extends_trans; eauto).
    split; [exact X0b|]. destruct (Old s0 X0) as [Z1 [Hh [Hf _]]]. destruct (Old sa X0a) as [Z2 [Hh2 [Hf2 Hs2]]].
    constructor; cbn [here start first second].
    + lia.
    + rewrite (get_extends z u s0 s') by (first [lia|eapply extends_trans; eauto]).
      unfold s0. rewrite get_put. apply renamed_ok; auto. intros j J.
      apply (H1 j). now apply (below_ok _ (arguments o)).
    + intros q v Q V. apply (ray_start_ok es1 src0 y0 (c0 (length p)) o q v B); auto.
      intros j q' v' J. apply (H1 j J).
    + intros j J. specialize (La j J). lia.
    + intros j J. exact (Lb j J).
    + intros q j v w Q P V G. rewrite (get_extends z u sa s') in G by auto.
      destruct (Va j w P G) as [t [T I]].
      apply (quotient_rule_ok es1 zero (values z u s0) src Z1 Hh y (c (length p)) r first o q t v w); auto.
    + intros q j v w Q P V G. destruct (Vb j w P G) as [t [T I]]. unfold either in T.
      destruct (quotient_rule es1 zero second o) as [t'|] eqn:Rq.
      * inversion T; subst t'.
        apply (quotient_rule_ok es1 zero (values z u sa) src Z2 Hh2 y (c (length p)) (r * r) second o q t v w); auto.
        nra.
      * destruct (near_rule es1 o) as [t'|] eqn:Rn.
        { inversion T; subst t'. apply (near_rule_ok es1 r (values z u sa) src y (c (length p)) o q t v w); auto. }
        apply (square_rule_ok es1 r (values z u sa) src Hh2 y (c (length p)) o q t v w); auto.
Qed.
End Sound.
